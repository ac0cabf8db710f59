variable "table_name" {
  description = "The name of the table. The library's default is app_session."
  type        = string
  default     = "app_session"

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{3,255}$", var.table_name))
    error_message = "table_name must have 3 to 255 characters of a-z, A-Z, 0-9, _, . and -."
  }
}

variable "point_in_time_recovery" {
  description = "Continuous backups. Sessions are short-lived, and a restore brings back sessions that were ended since, so most services leave this off. Read the runbook before a restore."
  type        = bool
  default     = false
}

variable "recovery_period_in_days" {
  description = "How many days back a restore can go, 1 to 35, if point_in_time_recovery is true."
  type        = number
  default     = 1

  validation {
    condition     = var.recovery_period_in_days >= 1 && var.recovery_period_in_days <= 35
    error_message = "recovery_period_in_days must be between 1 and 35."
  }
}

variable "deletion_protection" {
  description = "Refuses to delete the table until this is false."
  type        = bool
  default     = true
}

variable "kms_key_arn" {
  description = "The ARN of a KMS key of yours that encrypts the table. Empty for the key that AWS owns, which costs nothing."
  type        = string
  default     = ""
}

variable "create_policies" {
  description = "Creates the IAM policies."
  type        = bool
  default     = true
}

variable "alarm_topic_arn" {
  description = "The ARN of the SNS topic that the alarms notify. Empty for no alarms."
  type        = string
  default     = ""
}

variable "throttle_threshold" {
  description = "Throttled reads and writes of the table in a minute, in three minutes of five, that raise the alarm."
  type        = number
  default     = 10
}

variable "system_error_threshold" {
  description = "Requests to the table that fail within DynamoDB (HTTP 500) in a minute, in three minutes of five, that raise the alarm."
  type        = number
  default     = 5
}

variable "user_error_threshold" {
  description = "Requests that DynamoDB refuses as wrong (HTTP 400) in a minute, in three minutes of five, that raise the alarm. DynamoDB counts them for the whole account in this Region, so other tables' errors are among them."
  type        = number
  default     = 50
}

variable "tags" {
  description = "Tags of everything that is created."
  type        = map(string)
  default     = {}
}
