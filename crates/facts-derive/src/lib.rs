//! `#[derive(FactValue)]` for a group of facts: a struct with named members.
//!
//! From the struct follow the paths that conditions may use, the readings behind each path, and the
//! document that conditions see, with the members that are not known kept apart. A member declares
//! the readings it opens beside its documentation:
//!
//! ```ignore
//! /// Server access logging.
//! #[derive(Clone, Debug, JsonSchema, FactValue)]
//! #[needs(own(BucketLogging))]
//! pub struct LoggingFacts {
//!     /// Access logs are written.
//!     pub enabled: Fact<bool>,
//!     /// The buckets between which the logs go in a circle.
//!     #[needs(log_target(BucketLogging))]
//!     pub circle: Fact<Vec<String>>,
//! }
//! ```
//!
//! What the struct needs, each member needs too. A need is a relation and a reading, with a guard
//! where it differs from the one in the table of readings: `own(BucketPolicyStatus, UnlessNoPolicy)`.
//! The name of a constant (`CALLERS`) stands for the needs it lists. A member with `#[schemars(skip)]`
//! is in neither the schema nor the document.
//!
//! This is a procedural macro and not `macro_rules` because the struct then stays an ordinary struct:
//! rustfmt formats it, `schemars` derives its schema from the same text, and an error points to the
//! attribute that is wrong.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{Attribute, Data, DeriveInput, Error, Expr, Field, Fields, Path, Result, Token};

/// The relations a need may name, and the variants of `Relation` they stand for.
const RELATIONS: &[(&str, &str)] = &[
    ("own", "Own"),
    ("siblings", "Siblings"),
    ("log_target", "LogTarget"),
    ("encryption_key", "EncryptionKey"),
    ("destination", "Destination"),
    ("trails", "Trails"),
    ("trail_bucket", "TrailBucket"),
    ("region", "Region"),
    ("behind", "BehindAccessPoint"),
];

/// Implements `FactValue` for a struct of facts.
#[proc_macro_derive(FactValue, attributes(needs, schemars))]
pub fn derive_fact_value(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    expand(&input)
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}

fn expand(input: &DeriveInput) -> Result<Tokens> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(
            &input.ident,
            "only a struct is a group of facts",
        ));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new_spanned(
            &input.ident,
            "the members of a group of facts have names",
        ));
    };
    let name = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    let own = needs(&input.attrs)?;
    let mut declared = Vec::new();
    let mut written = Vec::new();
    for field in &fields.named {
        let Some(member) = field.ident.as_ref().filter(|_| !is_skipped(field)) else {
            continue;
        };
        let (text, kind, needs) = (member.to_string(), &field.ty, needs(&field.attrs)?);
        declared.push(quote! {
            paths.member::<#kind>(#text, &[#(#needs),*]);
        });
        written.push(quote! {
            group.member(#text, &self.#member);
        });
    }
    Ok(quote! {
        impl #generics crate::facts::group::FactValue for #name #arguments #bounds {
            fn declare(paths: &mut crate::facts::group::Paths) {
                paths.needs(&[#(#own),*]);
                #(#declared)*
            }

            fn write(
                &self,
                writer: &mut crate::facts::group::Writer<'_>,
            ) -> Option<serde_json::Value> {
                let mut group = writer.group();
                #(#written)*
                group.close()
            }
        }
    })
}

/// True for what belongs neither to the schema nor to the document.
fn is_skipped(field: &Field) -> bool {
    field.attrs.iter().any(|attribute| {
        attribute.path().is_ident("schemars")
            && attribute
                .parse_args::<Path>()
                .is_ok_and(|path| path.is_ident("skip"))
    })
}

/// The needs that attributes declare, each as an expression of type `&[Need]`.
fn needs(attributes: &[Attribute]) -> Result<Vec<Tokens>> {
    let mut found = Vec::new();
    for attribute in attributes {
        if attribute.path().is_ident("needs") {
            let parse = Punctuated::<Expr, Token![,]>::parse_terminated;
            for need in attribute.parse_args_with(parse)? {
                found.push(one(&need)?);
            }
        }
    }
    Ok(found)
}

/// One need: `own(BucketPolicy)`, `own(BucketPolicyStatus, UnlessNoPolicy)`, or a constant.
fn one(need: &Expr) -> Result<Tokens> {
    let wrong = || {
        Error::new_spanned(
            need,
            "a need reads `own(BucketPolicy)`, or names a constant",
        )
    };
    let call = match need {
        Expr::Path(constant) => return Ok(quote!(#constant)),
        Expr::Call(call) => call,
        _ => return Err(wrong()),
    };
    let Expr::Path(named) = call.func.as_ref() else {
        return Err(wrong());
    };
    let Some((_, relation)) = RELATIONS.iter().find(|(name, _)| named.path.is_ident(name)) else {
        let names: Vec<&str> = RELATIONS.iter().map(|(name, _)| *name).collect();
        let message = format!("a relation is one of {}", names.join(", "));
        return Err(Error::new_spanned(named, message));
    };
    let relation = proc_macro2::Ident::new(relation, proc_macro2::Span::call_site());
    let mut arguments = call.args.iter();
    let reading = arguments.next().ok_or_else(wrong)?;
    let guard = arguments
        .next()
        .map(|guard| quote!(.guarded_by(crate::inventory::need::Guard::#guard)));
    Ok(quote! {
        &[crate::inventory::need::Need::new(
            crate::inventory::need::Relation::#relation,
            crate::inventory::need::ReadingKind::#reading,
        )#guard]
    })
}
