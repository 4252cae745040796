//! `#[derive(Params)]`: the parameters of a plugin's item from its struct.
//!
//! ```text
//! /// The item's documentation.
//! #[derive(Params)]
//! struct Swish {
//!     /// The parameter's documentation.
//!     #[param(default = 1.0, range = 0.0..=1e6)]
//!     beta: f64,
//! }
//! ```
//!
//! `default` is any expression that serde_json can turn into JSON (`"60ep"` for a duration);
//! `range` any Rust range of numbers; `choices` an array of string literals. A field without a
//! default is required, unless its type is `Option`.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Expr, Field, Fields, Lit, Meta, RangeLimits};

/// See the crate's documentation.
#[proc_macro_derive(Params, attributes(param))]
pub fn derive_params(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

fn expand(input: &DeriveInput) -> syn::Result<Tokens> {
    let name = &input.ident;
    let docs = docs(&input.attrs);
    let Data::Struct(data) = &input.data else {
        return Err(syn::Error::new_spanned(name, "Params is for structs"));
    };
    let fields: Vec<&Field> = match &data.fields {
        Fields::Named(fields) => fields.named.iter().collect(),
        Fields::Unit => Vec::new(),
        Fields::Unnamed(_) => {
            return Err(syn::Error::new_spanned(name, "parameters need names: use `{ name: T }`"));
        }
    };
    let specs = fields.iter().map(|field| spec(field)).collect::<syn::Result<Vec<_>>>()?;
    let takes = fields.iter().map(|field| {
        let ident = &field.ident;
        let key = ident.as_ref().map(ToString::to_string).unwrap_or_default();
        quote! { #ident: ::jackpot_plugin_api::params::take(values, #key)? }
    });
    let make = if matches!(data.fields, Fields::Unit) {
        quote! { Self }
    } else {
        quote! { Self { #(#takes),* } }
    };
    let (generics, types, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        impl #generics ::jackpot_plugin_api::params::Params for #name #types #bounds {
            fn specs() -> ::std::vec::Vec<::jackpot_plugin_api::manifest::ParamSpec> {
                ::std::vec![#(#specs),*]
            }
            fn docs() -> &'static str { #docs }
            #[allow(unused_variables)]
            fn take(
                values: &mut ::jackpot_plugin_api::json::Map<
                    ::std::string::String,
                    ::jackpot_plugin_api::json::Value,
                >,
            ) -> ::core::result::Result<Self, ::std::string::String> {
                ::core::result::Result::Ok(#make)
            }
        }
    })
}

#[derive(Default)]
struct Attributes {
    default: Option<Expr>,
    range: Option<Expr>,
    choices: Option<Expr>,
}

fn attributes(field: &Field) -> syn::Result<Attributes> {
    let mut found = Attributes::default();
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("param")) {
        attribute.parse_nested_meta(|meta| {
            let slot = if meta.path.is_ident("default") {
                &mut found.default
            } else if meta.path.is_ident("range") {
                &mut found.range
            } else if meta.path.is_ident("choices") {
                &mut found.choices
            } else {
                return Err(meta.error("known here: default, range, choices"));
            };
            *slot = Some(meta.value()?.parse()?);
            Ok(())
        })?;
    }
    Ok(found)
}

fn spec(field: &Field) -> syn::Result<Tokens> {
    let ty = &field.ty;
    let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
    let docs = docs(&field.attrs);
    let attributes = attributes(field)?;
    let default = match attributes.default {
        Some(value) => quote! {
            ::core::option::Option::Some(::jackpot_plugin_api::json::json!(#value))
        },
        None => quote! { ::core::option::Option::None },
    };
    let range = match attributes.range {
        Some(range) => range_tokens(&range)?,
        None => quote! { ::core::option::Option::None },
    };
    let choices = match attributes.choices {
        Some(list) => quote! { #list.iter().map(|choice| (*choice).into()).collect() },
        None => quote! { ::std::vec::Vec::new() },
    };
    Ok(quote! {
        ::jackpot_plugin_api::manifest::ParamSpec {
            name: #name.into(),
            ty: <#ty as ::jackpot_plugin_api::params::ParamValue>::TYPE,
            default: #default,
            optional: <#ty as ::jackpot_plugin_api::params::ParamValue>::OPTIONAL,
            range: #range,
            choices: #choices,
            docs: #docs.into(),
        }
    })
}

fn range_tokens(range: &Expr) -> syn::Result<Tokens> {
    let Expr::Range(range) = range else {
        return Err(syn::Error::new_spanned(range, "a range such as 0.0..=1.0"));
    };
    let bound = |bound: &Option<Box<Expr>>| match bound {
        Some(value) => quote! { ::core::option::Option::Some((#value) as f64) },
        None => quote! { ::core::option::Option::None },
    };
    let (min, max) = (bound(&range.start), bound(&range.end));
    let inclusive = matches!(range.limits, RangeLimits::Closed(_));
    Ok(quote! {
        ::core::option::Option::Some(::jackpot_plugin_api::manifest::Range {
            min: #min,
            max: #max,
            inclusive: #inclusive,
        })
    })
}

/// The `///` lines, without the space that follows the slashes.
fn docs(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    let text: Vec<_> =
        lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned()).collect();
    text.join("\n").trim().to_owned()
}
