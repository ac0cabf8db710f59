// Package hedging measures what hedged reads do to the slowest ones, and what they cost.
package hedging
