// Package regions simulates a service in two Regions over a global table, and shows what holds
// there: each row of docs/regions.md is one of its tests.
package regions
