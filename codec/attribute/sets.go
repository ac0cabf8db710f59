package attribute

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

var (
	errTwice       = errors.New("attribute: a member stands twice in a set")
	errEmptyMember = errors.New("attribute: a member of a set is empty")
)

// mendSet judges sets, and refuses what is no value at all.
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
		return nil, fmt.Errorf("attribute: a value of type %s can't be stored", typeName(av))
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
	for i, s := range set {
		switch {
		case s == "":
			return errEmptyMember
		case !utf8.ValidString(s):
			return errUTF8
		case slices.Contains(set[:i], s):
			return errTwice
		}
	}
	return nil
}

func checkNumbers(set []string) error {
	for i, n := range set {
		if err := checkNumber(n); err != nil {
			return err
		}
		if slices.ContainsFunc(set[:i], func(m string) bool { return sameNumber(m, n) }) {
			return errTwice
		}
	}
	return nil
}

func checkBytes(set [][]byte) error {
	for i, b := range set {
		if len(b) == 0 {
			return errEmptyMember
		}
		if slices.ContainsFunc(set[:i], func(c []byte) bool { return bytes.Equal(b, c) }) {
			return errTwice
		}
	}
	return nil
}
