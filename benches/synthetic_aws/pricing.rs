//! pricing: what AWS charges for Lambda.

use serde_json::{Value, json};

use super::message::{Answer, Call, Operation};
use super::{Behaviour, World};

/// The operations.
pub const OPERATIONS: &[Operation] = &[Operation {
    service: "pricing",
    name: "GetProducts",
    matches: |call| call.target.ends_with(".GetProducts"),
    answer: get_products,
}];

/// The products of the Region that the filter names, a page each by its number.
fn get_products(world: &World, behaviour: &Behaviour, call: &Call) -> Answer {
    let body = call.json();
    let region = body["Filters"][0]["Value"].as_str().unwrap_or_default();
    let all = world
        .lambda_products
        .get(region)
        .cloned()
        .unwrap_or_default();
    let from: usize = body["NextToken"]
        .as_str()
        .and_then(|token| token.parse().ok())
        .unwrap_or(0);
    let to = all.len().min(from + behaviour.page.unwrap_or(100));
    let mut answer = json!({"FormatVersion": "aws_v1", "PriceList": &all[from..to]});
    if to < all.len() {
        answer["NextToken"] = json!(to.to_string());
    }
    Answer::json(&answer)
}

/// A product as the price list has it, a JSON text.
pub fn lambda_product(region: &str, usage: &str, unit: &str, usd: &str) -> Value {
    let product = json!({
        "product": {"productFamily": "Serverless", "sku": "GU2ZS9HVP6QTQ7KE", "attributes": {
            "regionCode": region, "servicecode": "AWSLambda", "servicename": "AWS Lambda",
            "locationType": "AWS Region", "usagetype": usage, "operation": ""}},
        "serviceCode": "AWSLambda",
        "terms": {"OnDemand": {"GU2ZS9HVP6QTQ7KE.JRTCKXETXF": {
            "effectiveDate": "2026-11-01T00:00:00Z", "offerTermCode": "JRTCKXETXF",
            "priceDimensions": {"GU2ZS9HVP6QTQ7KE.JRTCKXETXF.6YS6EN2CT7": {
                "unit": unit, "beginRange": "0", "endRange": "Inf", "appliesTo": [],
                "pricePerUnit": {"USD": usd}}}}}},
        "version": "20261120000000", "publicationDate": "2026-11-20T00:00:00Z",
    });
    Value::String(product.to_string())
}
