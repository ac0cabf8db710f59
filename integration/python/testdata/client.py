"""Makes the calls that dynamodb-session-web makes, one for each line of standard input, and answers in one line of JSON each."""
import datetime, json, secrets, sys, time

import boto3
import itsdangerous

endpoint, table_name = sys.argv[1], sys.argv[2]
table = boto3.resource("dynamodb", endpoint_url=endpoint, region_name="us-east-1",
                       aws_access_key_id="local", aws_secret_access_key="local").Table(table_name)


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def expires(created, accessed, idle, absolute):
    return min(absolute + int(created.timestamp()), idle + int(accessed.timestamp()))


def new_id(keys):
    value = secrets.token_urlsafe(32)
    return itsdangerous.Signer(keys).sign(value).decode() if keys else value


def save(sid, created, accessed, idle, absolute, data):
    table.update_item(
        Key={"id": sid},
        UpdateExpression="SET accessed = :a, created = :c, expires = :e, idle_timeout = :i, absolute_timeout = :t, #d = :d",
        ExpressionAttributeNames={"#d": "data"},
        ExpressionAttributeValues={":a": accessed.isoformat(), ":c": created.isoformat(), ":i": idle, ":t": absolute, ":d": data,
                                   ":e": expires(created, accessed, idle, absolute)})


def touch(sid, created, accessed, idle, absolute):
    table.update_item(Key={"id": sid}, UpdateExpression="SET accessed = :a, expires = :e, created = :c",
                      ExpressionAttributeValues={":a": accessed.isoformat(), ":c": created.isoformat(),
                                                 ":e": expires(created, accessed, idle, absolute)})


def load(sid, keys):
    if keys:
        itsdangerous.Signer(keys).unsign(sid)
    item = table.get_item(Key={"id": sid}).get("Item")
    if item is None or not item["expires"] > int(time.time()):
        return None
    created = datetime.datetime.fromisoformat(item["created"])
    assert created.tzname() == "UTC", created.tzname()
    idle, absolute = int(item["idle_timeout"]), int(item["absolute_timeout"])
    touch(sid, created, now(), idle, absolute)
    return {"id": sid, "created": item["created"], "idle": idle, "absolute": absolute, "data": json.loads(item["data"])}


def answer(call):
    keys, op = call.get("keys") or [], call["op"]
    if op == "create":
        sid, at = new_id(keys), now()
        if call.get("whole"):
            at = at.replace(microsecond=0)
        raw = call["raw"] if "raw" in call else json.dumps(call["data"])
        save(sid, at, at, call.get("idle", 7200), call.get("absolute", 43200), raw)
        return {"id": sid}
    if op == "load":
        return load(call["id"], keys)
    if op == "save":
        found = load(call["id"], keys)
        save(call["id"], datetime.datetime.fromisoformat(found["created"]), now(), found["idle"], found["absolute"], json.dumps(call["data"]))
        return {}
    if op == "touch": # in a request that has loaded the session before
        touch(call["id"], now(), now(), 7200, 43200)
        return {}
    if op == "clear":
        table.delete_item(Key={"id": call["id"]})
        return {}
    raise ValueError(op)


for line in sys.stdin:
    print(json.dumps({"answer": answer(json.loads(line))}), flush=True)
