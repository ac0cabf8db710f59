output "table_name" {
  description = "For dynamo.OpenConfig.Table."
  value       = aws_dynamodb_table.sessions.name
}

output "table_arn" {
  value = aws_dynamodb_table.sessions.arn
}

output "policy_arns" {
  description = "The IAM policies by role: service, subjects, operator, deployment."
  value       = { for role, policy in aws_iam_policy.table : role => policy.arn }
}

output "key_policy_arn" {
  description = "The IAM policy for the table's key; null without one."
  value       = one(aws_iam_policy.key[*].arn)
}
