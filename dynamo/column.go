package dynamo

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/codec/attribute"
)

// column is one of the attributes of an item that are ours.
type column int

const (
	colID column = iota
	colCreated
	colAccessed
	colExpires
	colIdle
	colAbsolute
	colData
	colFormat
	colRev
	colSubject
	colDevice
	colDeviceIP
	columns
)

// column has a name, and what stands in an expression for the name and for a value of it.
var (
	columnName = [columns]string{
		attrID, attrCreated, attrAccessed, attrExpires, attrIdle, attrAbsolute, attrData, attrFormat, attrRev, attrSubject,
		attrDevice, attrDeviceIP,
	}
	columnRef = [columns]string{
		"#id", "#created", "#accessed", "#expires", "#idle_timeout", "#absolute_timeout", "#data", "#format", "#rev", "#subject",
		"#device", "#device_ip",
	}
	columnValue = [columns]string{
		":id", ":created", ":accessed", ":expires", ":idle_timeout", ":absolute_timeout", ":data", ":format", ":rev", ":subject",
		":device", ":device_ip",
	}
)

// row is an item of ours, nil where it has no attribute. Requests are built of it without a map in between.
type row [columns]types.AttributeValue

// item returns r as a request wants it.
func (r *row) item() item {
	it := make(item, columns)
	for c, av := range r {
		if av != nil {
			it[columnName[c]] = av
		}
	}
	return it
}

// maxItem is the size of the largest item that DynamoDB keeps, in bytes, names included.
const maxItem = 400 * 1024

// size returns what DynamoDB counts for r.
func (r *row) size() int {
	size := 0
	for c, av := range r {
		if av != nil {
			size += len(columnName[c]) + attribute.SizeOf(av)
		}
	}
	return size
}
