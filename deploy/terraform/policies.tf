locals {
  # The actions of each role on the table.
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

    # A service that signs users in: it also lists and ends a user's sessions.
    subjects = [
      "dynamodb:GetItem",
      "dynamodb:BatchGetItem",
      "dynamodb:PutItem",
      "dynamodb:UpdateItem",
      "dynamodb:DeleteItem",
      "dynamodb:DescribeTimeToLive",
    ]

    # People and jobs that run the dynasession command: show, end, list, revoke, statistics, table
    # check.
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

    # The pipeline that runs `dynasession table create` or dynamo.CreateTable. It accesses no items.
    deployment = [
      "dynamodb:CreateTable",
      "dynamodb:DescribeTable",
      "dynamodb:DescribeTimeToLive",
      "dynamodb:DescribeContinuousBackups",
      "dynamodb:UpdateTimeToLive",
    ]
  }

  # A service that signs nobody in may not access the lists of users' sessions.
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

# Needed by each of the roles above if the table is encrypted with a KMS key of your own: DynamoDB
# uses the key on the caller's behalf.
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
