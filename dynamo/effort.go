package dynamo

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// capacity is what a request asks to be told of the capacity that it consumes: nothing, unless somebody wants to know.
func (c *call) capacity() types.ReturnConsumedCapacity {
	if c.effort.WantsCapacity() {
		return types.ReturnConsumedCapacityTotal
	}
	return ""
}

// read and wrote note what an answer tells of it.
func (c *call) read(consumed *types.ConsumedCapacity) {
	if consumed != nil {
		c.effort.Consumed(aws.ToFloat64(consumed.CapacityUnits), 0)
	}
}

func (c *call) wrote(consumed ...types.ConsumedCapacity) {
	for _, one := range consumed {
		c.effort.Consumed(0, aws.ToFloat64(one.CapacityUnits))
	}
}

// wroteOne is wrote of what may not be there.
func (c *call) wroteOne(consumed *types.ConsumedCapacity) {
	if consumed != nil {
		c.wrote(*consumed)
	}
}

// recovered notes that an earlier attempt was applied, and returns that all is well.
func (c *call) recovered() error {
	c.effort.Recovered()
	return nil
}
