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

// row is an item of ours, nil where it has no attribute. Requests are built of it without a map in between, and answers read.
type row [columns]types.AttributeValue

// read puts into r what is ours of an item. What the table holds besides is left alone.
func (r *row) read(it item) {
	for name, av := range it {
		if c, ours := columnOf(name); ours {
			r[c] = av
		}
	}
}

// columnOf is columnName, the other way round.
func columnOf(name string) (c column, ours bool) {
	switch name {
	case attrID:
		return colID, true
	case attrCreated:
		return colCreated, true
	case attrAccessed:
		return colAccessed, true
	case attrExpires:
		return colExpires, true
	case attrIdle:
		return colIdle, true
	case attrAbsolute:
		return colAbsolute, true
	case attrData:
		return colData, true
	case attrFormat:
		return colFormat, true
	case attrRev:
		return colRev, true
	case attrSubject:
		return colSubject, true
	case attrDevice:
		return colDevice, true
	case attrDeviceIP:
		return colDeviceIP, true
	}
	return 0, false
}

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
