// Package regions simulates a service in two Regions over a global table, to show which properties
// hold. Each row of the tables in docs/regions.md is a test.
package regions
