package attribute

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/codec/internal/generic"
)

var (
	errTwice       = errors.New("attribute: a member stands twice in a set")
	errEmptyMember = errors.New("attribute: a member of a set is empty")
)

// mendSet is mend for sets. It refuses values of unknown types.
func mendSet(av types.AttributeValue) (types.AttributeValue, error) {
	n := 0
	var err error
	switch av := av.(type) {
	case *types.AttributeValueMemberSS:
		n, err = len(av.Value), checkTexts(av.Value)
	case *types.AttributeValueMemberNS:
		n, err = len(av.Value), checkNumbers(av.Value)
	case *types.AttributeValueMemberBS:
		n, err = len(av.Value), checkBytes(av.Value)
	default:
		return nil, fmt.Errorf("attribute: a value of type %s can't be stored", TypeName(av))
	}
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return &types.AttributeValueMemberL{Value: []types.AttributeValue{}}, nil
	}
	return av, nil
}

func checkTexts(set []string) error {
	have := make(map[string]bool, len(set))
	for _, s := range set {
		switch {
		case s == "":
			return errEmptyMember
		case !utf8.ValidString(s):
			return errUTF8
		case have[s]:
			return errTwice
		}
		have[s] = true
	}
	return nil
}

func checkNumbers(set []string) error {
	have := make(map[string]bool, len(set))
	for _, n := range set {
		if err := checkNumber(n); err != nil {
			return err
		}
		key := generic.DecimalKey(n)
		if have[key] {
			return errTwice
		}
		have[key] = true
	}
	return nil
}

func checkBytes(set [][]byte) error {
	have := make(map[string]bool, len(set))
	for _, b := range set {
		switch {
		case len(b) == 0:
			return errEmptyMember
		case have[string(b)]:
			return errTwice
		}
		have[string(b)] = true
	}
	return nil
}
