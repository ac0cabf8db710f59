locals {
  alarms = var.alarm_topic_arn == "" ? 0 : 1
}

resource "aws_cloudwatch_metric_alarm" "throttled" {
  count = local.alarms

  alarm_name          = "dynasession ${var.table_name} throttled"
  alarm_description   = "Sessions are slow or unavailable while DynamoDB throttles the table. See the runbook, \"Throttled\"."
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = var.throttle_threshold
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  tags                = var.tags

  metric_query {
    id          = "all"
    label       = "throttled reads and writes"
    expression  = "SUM(METRICS())"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { reads = "ReadThrottleEvents", writes = "WriteThrottleEvents" }

    content {
      id          = metric_query.key
      return_data = false

      metric {
        namespace   = "AWS/DynamoDB"
        metric_name = metric_query.value
        dimensions  = { TableName = aws_dynamodb_table.sessions.name }
        stat        = "Sum"
        period      = 60
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "system_errors" {
  count = local.alarms

  alarm_name          = "dynasession ${var.table_name} system errors"
  alarm_description   = "DynamoDB fails to answer for the table. The library repeats calls; see the runbook, \"DynamoDB fails\"."
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = var.system_error_threshold
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  tags                = var.tags

  metric_query {
    id          = "all"
    label       = "requests that failed within DynamoDB"
    expression  = "SUM(METRICS())"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = {
      getItem      = "GetItem"
      batchGetItem = "BatchGetItem"
      putItem      = "PutItem"
      updateItem   = "UpdateItem"
      deleteItem   = "DeleteItem"
    }

    content {
      id          = metric_query.key
      return_data = false

      metric {
        namespace   = "AWS/DynamoDB"
        metric_name = "SystemErrors"
        dimensions  = { TableName = aws_dynamodb_table.sessions.name, Operation = metric_query.value }
        stat        = "Sum"
        period      = 60
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "user_errors" {
  count = local.alarms

  alarm_name          = "dynasession ${var.table_name} refused requests"
  alarm_description   = "DynamoDB refuses requests of this account as wrong - no permission, no such table, a bad key. See the runbook, \"Refused requests\"."
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = var.user_error_threshold
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  tags                = var.tags

  namespace   = "AWS/DynamoDB"
  metric_name = "UserErrors"
  statistic   = "Sum"
  period      = 60
}
