package web_test

import (
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions/web"
)

func TestNew_OfNoManager(t *testing.T) {
	_, err := web.New[visitor](nil, nil)
	is.New(t).Equal(err.Error(), "web: New: manager is nil")
}
