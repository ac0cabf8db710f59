// Package deploy evaluates the templates of deploy/ as CloudFormation and Terraform do. It compares
// the table with the request of dynamo.CreateTable, and the policies with the calls that the
// library makes. It is a separate module, so that the parsers stay out of the library's go.mod.
package deploy
