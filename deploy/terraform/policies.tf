locals {
  # What each role may do with the table.
  actions = {
    # A service that keeps sessions and signs nobody in.
    service = [
      "dynamodb:GetItem",
      "dynamodb:BatchGetItem",
      "dynamodb:PutItem",
      "dynamodb:UpdateItem",
      "dynamodb:DeleteItem",
      "dynamodb:DescribeTimeToLive",
    ]

    # A service that signs users in: it lists and ends a user's sessions too.
    subjects = [
      "dynamodb:GetItem",
      "dynamodb:BatchGetItem",
      "dynamodb:PutItem",
      "dynamodb:UpdateItem",
      "dynamodb:DeleteItem",
      "dynamodb:DescribeTimeToLive",
    ]

    # People and jobs that run the command dynasession: show, end, list, revoke, statistics, table check.
    operator = [
      "dynamodb:GetItem",
      "dynamodb:BatchGetItem",
      "dynamodb:PutItem",
      "dynamodb:UpdateItem",
      "dynamodb:DeleteItem",
      "dynamodb:Scan",
      "dynamodb:DescribeTable",
      "dynamodb:DescribeTimeToLive",
      "dynamodb:DescribeContinuousBackups",
    ]

    # The pipeline that runs `dynasession table create`, or dynamo.CreateTable. It reads and writes no item.
    deployment = [
      "dynamodb:CreateTable",
      "dynamodb:DescribeTable",
      "dynamodb:DescribeTimeToLive",
      "dynamodb:DescribeContinuousBackups",
      "dynamodb:UpdateTimeToLive",
    ]
  }

  # A service that signs nobody in may not touch the lists of users' sessions.
  conditions = {
    service = { "ForAllValues:StringNotLike" = { "dynamodb:LeadingKeys" = ["subject:*", "federated:*"] } }
  }
}

resource "aws_iam_policy" "table" {
  for_each = var.create_policies ? local.actions : {}

  name        = "dynasession-${var.table_name}-${each.key}"
  description = "dynasession: ${each.key}, on the table ${var.table_name}"
  tags        = var.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [merge({
      Sid      = "Table"
      Effect   = "Allow"
      Action   = each.value
      Resource = aws_dynamodb_table.sessions.arn
    }, try({ Condition = local.conditions[each.key] }, {}))]
  })
}

# With a key of yours, for each of the roles above: DynamoDB uses the key on behalf of whoever calls it.
resource "aws_iam_policy" "key" {
  count = var.create_policies && var.kms_key_arn != "" ? 1 : 0

  name        = "dynasession-${var.table_name}-key"
  description = "dynasession: the key of the table ${var.table_name}, by way of DynamoDB only"
  tags        = var.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid    = "Key"
      Effect = "Allow"
      Action = [
        "kms:Encrypt",
        "kms:Decrypt",
        "kms:ReEncrypt*",
        "kms:GenerateDataKey*",
        "kms:DescribeKey",
        "kms:CreateGrant",
      ]
      Resource  = var.kms_key_arn
      Condition = { StringLike = { "kms:ViaService" = "dynamodb.*.amazonaws.com" } }
    }]
  })
}
