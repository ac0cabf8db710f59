package item

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/sessions/driver"
)

// maxKey is the length of the longest partition key, in bytes.
const maxKey = 2048

// builder is a row with memory for the values of most records, so that they take one allocation.
type builder struct {
	row     Row
	texts   [5]types.AttributeValueMemberS // id, created, accessed, rev, and one more
	numbers [3]types.AttributeValueMemberN // expires and the timeouts
	t, n    int                            // how many are used
}

// text sets an attribute to s, unless s is empty.
func (b *builder) text(a attr, s string) {
	switch {
	case s == "":
	case b.t < len(b.texts):
		b.texts[b.t].Value = s
		b.row[a] = &b.texts[b.t]
		b.t++
	default:
		b.row[a] = Text(s)
	}
}

func (b *builder) number(a attr, n string) {
	if b.n == len(b.numbers) {
		b.row[a] = Number(n)
		return
	}
	b.numbers[b.n].Value = n
	b.row[a] = &b.numbers[b.n]
	b.n++
}

// Encode returns the item of rec. It checks that the item fits into DynamoDB: if not, the error is
// a [*driver.TooLargeError].
func Encode(rec driver.Record) (*Row, error) {
	if err := checkKey(rec.Key); err != nil {
		return nil, err
	}
	createdAt, err := FormatTime(rec.Created)
	if err != nil {
		return nil, fmt.Errorf("created: %w", err)
	}
	accessedAt, err := FormatTime(rec.Accessed)
	if err != nil {
		return nil, fmt.Errorf("accessed: %w", err)
	}
	var b builder
	b.text(id, rec.Key)
	b.text(created, createdAt)
	b.text(accessed, accessedAt)
	b.number(expires, FormatEpoch(rec.ExpiresAt()))
	b.number(idleTimeout, formatSeconds(rec.IdleTimeout))
	b.number(absoluteTimeout, formatSeconds(rec.AbsoluteTimeout))
	b.text(rev, rec.Rev)
	b.text(subject, rec.Subject)
	b.text(application, rec.Application)
	b.text(federated, rec.Federated)
	b.text(device, rec.Device.Name)
	b.text(deviceIP, rec.Device.IP)
	if rec.Persist {
		b.row[persist] = &types.AttributeValueMemberBOOL{Value: true}
	}
	if rec.Page != 0 {
		b.number(page, formatInt(rec.Page))
	}
	if rec.FederatedPage != 0 {
		b.number(federatedPage, formatInt(rec.FederatedPage))
	}
	if len(rec.Binding) > 0 {
		b.row[binding] = &types.AttributeValueMemberB{Value: rec.Binding}
	}
	if err := b.row.encodePayload(rec.Payload); err != nil {
		return nil, err
	}
	if size := b.row.size(); size > maxSize {
		return nil, &driver.TooLargeError{Size: size, Limit: maxSize}
	}
	return &b.row, nil
}

func checkKey(key string) error {
	if key == "" || len(key) > maxKey {
		return fmt.Errorf("key of %d bytes: must have at least 1 and at most %d", len(key), maxKey)
	}
	if !utf8.ValidString(key) { // JSON would replace the bytes that aren't, and then keys collide
		return errors.New("key: must be UTF-8")
	}
	return nil
}

// Text and Number are attribute values.
func Text(s string) types.AttributeValue   { return &types.AttributeValueMemberS{Value: s} }
func Number(n string) types.AttributeValue { return &types.AttributeValueMemberN{Value: n} }
