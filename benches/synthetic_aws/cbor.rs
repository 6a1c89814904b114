//! As much CBOR (RFC 8949) as CloudWatch's protocol takes: maps, arrays, texts, numbers, tags.

use serde_json::{Map, Value};

/// Reads one value; null for what is none.
pub fn read(bytes: &[u8]) -> Value {
    value(bytes, &mut 0).unwrap_or(Value::Null)
}

fn value(bytes: &[u8], at: &mut usize) -> Option<Value> {
    let first = *bytes.get(*at)?;
    *at += 1;
    let (major, low) = (first >> 5, first & 0x1f);
    if major == 7 {
        return match low {
            20 => Some(Value::Bool(false)),
            21 => Some(Value::Bool(true)),
            26 => take(bytes, at, 4).map(|raw| f64::from(f32::from_bits(raw as u32)).into()),
            27 => take(bytes, at, 8).map(|raw| f64::from_bits(raw).into()),
            _ => Some(Value::Null),
        };
    }
    let open = low == 31;
    let length = match low {
        0..=23 => u64::from(low),
        24 => take(bytes, at, 1)?,
        25 => take(bytes, at, 2)?,
        26 => take(bytes, at, 4)?,
        27 => take(bytes, at, 8)?,
        _ => u64::MAX,
    };
    let ended = |at: &mut usize, done: u64| {
        if open {
            let over = bytes.get(*at) == Some(&0xff);
            *at += usize::from(over);
            over
        } else {
            done == length
        }
    };
    match major {
        0 => Some(length.into()),
        1 => Some((-1 - length as i64).into()),
        2 | 3 => {
            let end = *at + usize::try_from(length).ok()?;
            let text = String::from_utf8_lossy(bytes.get(*at..end)?).into_owned();
            *at = end;
            Some(text.into())
        }
        4 => {
            let mut items = Vec::new();
            while !ended(at, items.len() as u64) {
                items.push(value(bytes, at)?);
            }
            Some(items.into())
        }
        5 => {
            let (mut members, mut done) = (Map::new(), 0);
            while !ended(at, done) {
                let name = value(bytes, at)?.as_str()?.to_owned();
                members.insert(name, value(bytes, at)?);
                done += 1;
            }
            Some(members.into())
        }
        _ => value(bytes, at),
    }
}

fn take(bytes: &[u8], at: &mut usize, count: usize) -> Option<u64> {
    let raw = bytes.get(*at..*at + count)?;
    *at += count;
    Some(raw.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

/// Writes one value; all numbers as 64-bit floats.
pub fn write(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    put(value, &mut out);
    out
}

fn put(value: &Value, out: &mut Vec<u8>) {
    let head = |major: u8, length: usize, out: &mut Vec<u8>| {
        out.push(major << 5 | 26);
        out.extend((length as u32).to_be_bytes());
    };
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(value) => out.push(0xf4 + u8::from(*value)),
        Value::Number(number) => {
            out.push(0xfb);
            out.extend(number.as_f64().unwrap_or(0.0).to_be_bytes());
        }
        Value::String(text) => {
            head(3, text.len(), out);
            out.extend(text.bytes());
        }
        Value::Array(items) => {
            head(4, items.len(), out);
            for item in items {
                put(item, out);
            }
        }
        // A time, in seconds since 1970.
        Value::Object(members) if members.contains_key("$time") => {
            out.push(0xc1);
            put(&members["$time"], out);
        }
        Value::Object(members) => {
            head(5, members.len(), out);
            for (name, member) in members {
                put(&name.as_str().into(), out);
                put(member, out);
            }
        }
    }
}
