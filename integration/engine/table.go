package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Table returns the name of a table that does not exist on the engine yet, for this test alone. The test creates it; when
// the test ends the table is deleted if it is there, since an engine at DYNAMODB_ENDPOINT outlives the tests.
func Table(t testing.TB) string {
	t.Helper()
	client, name := Client(t), tableName(t.Name(), rand.Text())
	t.Cleanup(func() {
		// The test's own context is done by now.
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_, err := client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: aws.String(name)})
		if _, absent := errors.AsType[*types.ResourceNotFoundException](err); err != nil && !absent {
			t.Logf("engine: delete table %s: %v", name, err)
		}
	})
	return name
}

// tableName makes a table's name, at most 255 of the characters a-z A-Z 0-9 _ - . as DynamoDB wants it, from a test's name,
// which tells whose table it is, and from a random text, which makes it unique.
func tableName(test, random string) string {
	const longest = 200
	readable := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '.':
			return r
		default:
			return '_'
		}
	}, test)
	return readable[:min(len(readable), longest)] + "_" + random
}
