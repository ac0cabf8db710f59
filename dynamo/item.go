package dynamo

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/sessions"
)

// The attributes of an item; the package comment tells what they hold.
const (
	attrID       = "id"
	attrCreated  = "created"
	attrAccessed = "accessed"
	attrExpires  = "expires"
	attrIdle     = "idle_timeout"
	attrAbsolute = "absolute_timeout"
	attrData     = "data"
	attrFormat   = "format"
	attrRev      = "rev"
	attrSubject  = "subject"
	attrDevice   = "device"
	attrDeviceIP = "device_ip"
)

// maxKey is the length of the longest partition key, in bytes.
const maxKey = 2048

type item = map[string]types.AttributeValue

// encodeItem returns the item of rec: it lacks what is empty, and fits into DynamoDB.
func encodeItem(rec sessions.Record) (*row, error) {
	if rec.Key == "" || len(rec.Key) > maxKey {
		return nil, fmt.Errorf("key of %d bytes: must have at least 1 and at most %d", len(rec.Key), maxKey)
	}
	created, err := formatTime(rec.Created)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", attrCreated, err)
	}
	accessed, err := formatTime(rec.Accessed)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", attrAccessed, err)
	}
	m := &struct { // one allocation for all of them
		row                                             row
		id, created, accessed, rev, subject, device, ip types.AttributeValueMemberS
		expires, idle, absolute                         types.AttributeValueMemberN
	}{}
	m.id.Value, m.created.Value, m.accessed.Value, m.rev.Value, m.subject.Value = rec.Key, created, accessed, rec.Rev, rec.Subject
	m.expires.Value = formatEpoch(rec.ExpiresAt())
	m.idle.Value, m.absolute.Value = formatSeconds(rec.IdleTimeout), formatSeconds(rec.AbsoluteTimeout)
	m.row = row{
		colID: &m.id, colCreated: &m.created, colAccessed: &m.accessed,
		colExpires: &m.expires, colIdle: &m.idle, colAbsolute: &m.absolute,
	}
	if rec.Rev != "" {
		m.row[colRev] = &m.rev
	}
	if rec.Subject != "" {
		m.row[colSubject] = &m.subject
	}
	if rec.Device.Name != "" {
		m.device.Value, m.row[colDevice] = rec.Device.Name, &m.device
	}
	if rec.Device.IP != "" {
		m.ip.Value, m.row[colDeviceIP] = rec.Device.IP, &m.ip
	}
	if err := m.row.encodePayload(rec.Payload); err != nil {
		return nil, err
	}
	if size := m.row.size(); size > maxItem {
		return nil, &sessions.TooLargeError{Size: size, Limit: maxItem}
	}
	return &m.row, nil
}

func text(s string) types.AttributeValue   { return &types.AttributeValueMemberS{Value: s} }
func number(n string) types.AttributeValue { return &types.AttributeValueMemberN{Value: n} }
