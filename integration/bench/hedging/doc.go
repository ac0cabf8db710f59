// Package hedging measures how hedged reads change the slowest reads, and what they cost.
package hedging
