// Package deploy reads the templates of deploy/ as CloudFormation and Terraform do, and compares them with what the library does: the
// table with what dynamo.CreateTable sends, the policies with the calls that were seen. It is a module of its own, so that the parsers stay
// out of the library's go.mod.
package deploy
