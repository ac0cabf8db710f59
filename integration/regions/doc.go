// Package regions simulates a service in two Regions over a global table, to show which properties
// hold. Each row of docs/regions.md is one of its tests.
package regions
