// Package before reads and writes the stored form of the releases that used transactions for
// renewal, login and logout. In that form a record is deleted when its session ends, without a
// marker, and a subject's list is a single item. Tests run it next to the current release on one
// table, as in a deploy.
//
// It is a small reimplementation of the calls that those releases made to the table. It omits what
// they did because of unreliable networks, such as retries.
package before

import (
	"context"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// The errors of a Release.
var (
	ErrNotFound = errors.New("session not found")
	ErrConflict = errors.New("session was changed")
	ErrDecode   = errors.New("stored session can't be decoded")
	ErrLimit    = errors.New("subject has too many sessions")
	ErrRevoked  = errors.New("revoked during the login")
)

// Release is a process of a release with transactions.
type Release struct {
	API   *dynamodb.Client
	Table string
	Limit int // sessions per subject; 0: no limit
}

// Session is a session as loaded by a request. Its data is JSON.
type Session struct {
	ID, Data, Subject, rev string
	created                time.Time
}

const (
	layout   = "2006-01-02T15:04:05.000000+00:00"
	idle     = 2 * time.Hour
	absolute = 12 * time.Hour
)

type item = map[string]types.AttributeValue

// newID returns an ID of the default scheme: 32 random bytes.
func newID() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func hash(s string) string {
	sum := sha512.Sum512([]byte(s))
	return hex.EncodeToString(sum[:])
}

func id(key string) item { return item{"id": text(key)} }

func rosterKey(subject string) string { return "subject:" + hash(subject) }

func textOf(it item, name string) string {
	if s, ok := it[name].(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

// record returns the item of a session.
func record(s *Session, now time.Time) item {
	it := item{
		"id": text(hash(s.ID)), "created": text(s.created.UTC().Format(layout)), "accessed": text(now.UTC().Format(layout)),
		"expires":      number(min(now.Unix()+int64(idle/time.Second), s.created.Unix()+int64(absolute/time.Second))),
		"idle_timeout": number(int64(idle / time.Second)), "absolute_timeout": number(int64(absolute / time.Second)),
		"data": text(s.Data), "rev": text(s.rev),
	}
	if s.Subject != "" {
		it["subject"] = text(s.Subject)
	}
	return it
}

// Load returns the session of an ID.
func (r *Release) Load(ctx context.Context, sessionID string) (*Session, error) {
	s, err := r.loadKey(ctx, hash(sessionID))
	if err == nil {
		s.ID = sessionID
	}
	return s, err
}

func (r *Release) loadKey(ctx context.Context, key string) (*Session, error) {
	it, err := r.get(ctx, key)
	if err != nil {
		return nil, err
	}
	// A late touch may leave an item with times only, which is not a session.
	phantom := it["accessed"] != nil && it["expires"] != nil
	for _, name := range []string{"data", "idle_timeout", "absolute_timeout", "rev"} {
		phantom = phantom && it[name] == nil
	}
	if len(it) == 0 || phantom {
		return nil, ErrNotFound
	}
	for _, name := range []string{"created", "accessed", "expires", "idle_timeout", "absolute_timeout", "data"} {
		if it[name] == nil {
			return nil, ErrDecode
		}
	}
	created, err := time.Parse(time.RFC3339, textOf(it, "created"))
	if err != nil {
		return nil, errors.Join(ErrDecode, err)
	}
	return &Session{Data: textOf(it, "data"), Subject: textOf(it, "subject"), rev: textOf(it, "rev"), created: created}, nil
}

func (r *Release) get(ctx context.Context, key string) (item, error) {
	out, err := r.API.GetItem(ctx, &dynamodb.GetItemInput{TableName: &r.Table, Key: id(key), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, err
	}
	return out.Item, nil
}

// Create stores a session without a subject.
func (r *Release) Create(ctx context.Context, data string) (*Session, error) {
	s := &Session{ID: newID(), Data: data, rev: rand.Text(), created: time.Now()}
	_, err := r.API.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &r.Table, Item: record(s, s.created), ConditionExpression: aws.String("attribute_not_exists(id)"),
	})
	return s, err
}

// Save stores data unless the session has changed since it was loaded.
func (r *Release) Save(ctx context.Context, s *Session, data string) error {
	next := *s
	next.Data, next.rev = data, rand.Text()
	it := record(&next, time.Now())
	names, values, sets := map[string]string{}, item{":old": text(s.rev)}, []string{}
	for name, value := range it {
		if name != "id" {
			names["#"+name], values[":"+name] = name, value
			sets = append(sets, "#"+name+" = :"+name)
		}
	}
	_, err := r.API.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &r.Table, Key: id(hash(s.ID)), UpdateExpression: aws.String("SET " + strings.Join(sets, ", ")),
		ConditionExpression: aws.String("#rev = :old"), ExpressionAttributeNames: names, ExpressionAttributeValues: values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var refused *types.ConditionalCheckFailedException
	switch {
	case err == nil:
		*s = next
		return nil
	case !errors.As(err, &refused):
		return err
	case refused.Item == nil:
		return ErrNotFound
	}
	return ErrConflict
}

// put is the part of a transaction that stores a new record.
func (r *Release) put(s *Session) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{
		TableName: &r.Table, Item: record(s, time.Now()), ConditionExpression: aws.String("attribute_not_exists(id)"),
	}}
}

// remove returns the part of a transaction that deletes a record, if it has the given rev. An empty
// rev deletes any.
func (r *Release) remove(key, rev string) types.TransactWriteItem {
	d := &types.Delete{TableName: &r.Table, Key: id(key)}
	if rev != "" {
		d.ConditionExpression = aws.String("#rev = :old")
		d.ExpressionAttributeNames, d.ExpressionAttributeValues = map[string]string{"#rev": "rev"}, item{":old": text(rev)}
	}
	return types.TransactWriteItem{Delete: d}
}

// list is a change of a subject's list. If conditional, the list must have the given rev, or must
// not exist if rev is empty.
type list struct {
	subject      string
	enter, leave []string
	bump         bool
	conditional  bool
	rev          string
}

func (r *Release) change(l list) types.TransactWriteItem {
	names := map[string]string{"#rev": "rev", "#expires": "expires"}
	until := time.Now().Add(absolute).Unix()
	values := item{":rev": text(rand.Text()), ":expires": number(until)}
	set := "SET #rev = :rev, #expires = if_not_exists(#expires, :expires)"
	u := &types.Update{TableName: &r.Table, Key: id(rosterKey(l.subject))}
	if l.conditional {
		set = "SET #rev = :rev, #expires = :expires"
		u.ConditionExpression = aws.String("attribute_not_exists(id)")
		if l.rev != "" {
			u.ConditionExpression, values[":old"] = aws.String("#rev = :old"), text(l.rev)
		}
	}
	if l.bump {
		names["#epoch"], values[":one"], values[":none"] = "epoch", number(1), number(0)
		set += ", #epoch = if_not_exists(#epoch, :none) + :one"
	}
	for i, key := range l.enter {
		n := strconv.Itoa(i)
		names["#e"+n], values[":e"+n] = "s:"+key, number(until)
		set += ", #e" + n + " = :e" + n
	}
	for i, key := range l.leave {
		n := strconv.Itoa(i)
		names["#l"+n] = "s:" + key
		set += map[bool]string{true: " REMOVE ", false: ", "}[i == 0] + "#l" + n
	}
	u.UpdateExpression, u.ExpressionAttributeNames, u.ExpressionAttributeValues = &set, names, values
	return types.TransactWriteItem{Update: u}
}

// entries returns the keys in a subject's list, and its rev and epoch.
func (r *Release) entries(ctx context.Context, subject string) (keys []string, rev, epoch string, err error) {
	it, err := r.get(ctx, rosterKey(subject))
	if err != nil {
		return nil, "", "", err
	}
	for name := range it {
		if key, ok := strings.CutPrefix(name, "s:"); ok {
			keys = append(keys, key)
		}
	}
	if n, ok := it["epoch"].(*types.AttributeValueMemberN); ok {
		epoch = n.Value
	}
	slices.Sort(keys)
	return keys, textOf(it, "rev"), epoch, nil
}

func (r *Release) transact(ctx context.Context, items ...types.TransactWriteItem) error {
	_, err := r.API.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: items})
	var cancelled *types.TransactionCanceledException
	if errors.As(err, &cancelled) {
		return ErrConflict
	}
	return err
}

// Authenticate signs a stored session in and gives it a new ID.
func (r *Release) Authenticate(ctx context.Context, s *Session, subject string) error {
	next := &Session{ID: newID(), Data: s.Data, Subject: subject, rev: rand.Text(), created: time.Now()}
	first := ""
	for attempt := range 256 {
		keys, rev, epoch, err := r.entries(ctx, subject)
		if err != nil {
			return err
		}
		if attempt == 0 {
			first = epoch
		} else if first != epoch {
			return ErrRevoked
		}
		change := list{subject: subject, enter: []string{hash(next.ID)}, conditional: true, rev: rev}
		alive := 0
		for _, key := range keys {
			switch found, err := r.loadKey(ctx, key); {
			case key == hash(s.ID):
				change.leave = append(change.leave, key)
			case err == nil && found.Subject == subject:
				alive++
			case errors.Is(err, ErrNotFound) && r.Limit > 0 && len(keys) >= r.Limit:
				change.leave = append(change.leave, key)
			}
		}
		if r.Limit > 0 && alive >= r.Limit {
			return ErrLimit
		}
		if err = r.transact(ctx, r.put(next), r.remove(hash(s.ID), s.rev), r.change(change)); err == nil {
			*s = *next
			return nil
		}
		if found, err := r.Load(ctx, s.ID); err != nil {
			return err
		} else if found.rev != s.rev {
			return ErrConflict
		}
	}
	return ErrConflict
}

// Renew gives a session a new ID.
func (r *Release) Renew(ctx context.Context, s *Session) error {
	next := *s
	next.ID, next.rev = newID(), rand.Text()
	items := []types.TransactWriteItem{r.put(&next), r.remove(hash(s.ID), s.rev)}
	if s.Subject != "" {
		items = append(items, r.change(list{subject: s.Subject, enter: []string{hash(next.ID)}, leave: []string{hash(s.ID)}}))
	}
	if err := r.transact(ctx, items...); err != nil {
		return err
	}
	*s = next
	return nil
}

// Destroy ends a session.
func (r *Release) Destroy(ctx context.Context, s *Session) error {
	items := []types.TransactWriteItem{r.remove(hash(s.ID), "")}
	if s.Subject != "" {
		items = append(items, r.change(list{subject: s.Subject, leave: []string{hash(s.ID)}}))
	}
	return r.transact(ctx, items...)
}

// RevokeAll ends all sessions in a subject's list.
func (r *Release) RevokeAll(ctx context.Context, subject string) error {
	if err := r.transact(ctx, r.change(list{subject: subject, bump: true})); err != nil {
		return err
	}
	for {
		keys, _, _, err := r.entries(ctx, subject)
		if err != nil || len(keys) == 0 {
			return err
		}
		items := []types.TransactWriteItem{r.change(list{subject: subject, leave: keys})}
		for _, key := range keys {
			items = append(items, r.remove(key, ""))
		}
		if err := r.transact(ctx, items...); err != nil && !errors.Is(err, ErrConflict) {
			return err
		}
	}
}

// Sessions returns the handles of a subject's sessions, sorted.
func (r *Release) Sessions(ctx context.Context, subject string) ([]string, error) {
	keys, _, _, err := r.entries(ctx, subject)
	if err != nil {
		return nil, err
	}
	var handles []string
	for _, key := range keys {
		switch found, err := r.loadKey(ctx, key); {
		case err == nil && found.Subject == subject:
			handles = append(handles, key)
		case err != nil && !errors.Is(err, ErrNotFound):
			return nil, err
		}
	}
	return handles, nil
}
