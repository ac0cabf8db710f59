// Package deploy holds what a platform team deploys: templates of the table and its alarms for
// CloudFormation and Terraform, and the IAM policies of the roles that use the table.
//
//	cloudformation.yaml      the table, the policies and the alarms, as one stack
//	terraform/*.tf           the same as a Terraform module
//	policies/service.json    for a service that keeps sessions and signs nobody in
//	policies/subjects.json   for a service that signs users in
//	policies/operator.json   for the command dynasession
//	policies/deployment.json for dynamo.CreateTable and `dynasession table create`
//	policies/key.json        in addition to each of these, if a KMS key of your own encrypts the table
//
// `dynasession table template` prints them. Tests compare the templates with the request of
// dynamo.CreateTable, and the policies with the calls that the library makes.
package deploy

import "embed"

//go:embed cloudformation.yaml terraform/*.tf policies/*.json
var files embed.FS

// Files returns the templates and policies under the names above.
func Files() embed.FS { return files }
