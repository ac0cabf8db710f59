// Package deploy holds what a platform team pastes or points at: templates of the table in
// CloudFormation and Terraform, with its alarms, and the IAM policies of the roles that use it.
//
//	cloudformation.yaml      the table, the policies and the alarms, as one stack
//	terraform/*.tf           the same as a Terraform module
//	policies/service.json    for a service that keeps sessions and signs nobody in
//	policies/subjects.json   for a service that signs users in
//	policies/operator.json   for the command dynasession
//	policies/deployment.json for dynamo.CreateTable and `dynasession table create`
//	policies/key.json        beside each of these, if the table is encrypted by a KMS key of yours
//
// `dynasession table template` prints them. Tests compare them with what dynamo.CreateTable sends,
// and with the calls that the library was seen to make.
package deploy

import "embed"

//go:embed cloudformation.yaml terraform/*.tf policies/*.json
var files embed.FS

// Files returns the templates and policies, by the names above.
func Files() embed.FS { return files }
