//! Whatever is said is understood, and nothing else is.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{Answer, Call, Hello, HookCall, Message, Request, Wire, WireNamed};
use crate::abi::{Fault, RawDevice};
use crate::ctx::Progress;

fn device() -> impl Strategy<Value = RawDevice> {
    (any::<i32>(), any::<i32>()).prop_map(|(kind, index)| RawDevice { kind, index })
}

/// Every variant. A NaN equals nothing, so there is none here.
fn value() -> impl Strategy<Value = Wire> {
    let float = || any::<f64>().prop_filter("comparable", |x| !x.is_nan());
    prop_oneof![
        Just(Wire::None),
        any::<u64>().prop_map(Wire::Tensor),
        any::<i64>().prop_map(Wire::Int),
        float().prop_map(Wire::Float),
        any::<bool>().prop_map(Wire::Bool),
        any::<String>().prop_map(Wire::Str),
        device().prop_map(Wire::Device),
        any::<i32>().prop_map(Wire::Dtype),
        vec(any::<i64>(), 0..4).prop_map(Wire::IntList),
        vec(float(), 0..4).prop_map(Wire::FloatList),
        vec(any::<bool>(), 0..4).prop_map(Wire::BoolList),
        vec(any::<u64>(), 0..4).prop_map(Wire::TensorList),
        vec(option::of(any::<u64>()), 0..4).prop_map(Wire::OptTensorList),
    ]
}

fn named() -> impl Strategy<Value = Vec<WireNamed>> {
    vec((any::<String>(), value()).prop_map(|(name, value)| WireNamed { name, value }), 0..4)
}

fn ids() -> impl Strategy<Value = Vec<u64>> {
    vec(any::<u64>(), 0..4)
}

fn fault() -> impl Strategy<Value = Fault> {
    (any::<String>(), any::<String>())
        .prop_map(|(kind, message)| Fault { kind: kind.into(), message: message.into() })
}

fn request() -> impl Strategy<Value = Request> {
    let call = (any::<u64>(), vec(value(), 0..4), named());
    let make = (any::<i32>(), vec(any::<i64>(), 0..4), vec(any::<u8>(), 0..9), device());
    prop_oneof![
        any::<String>().prop_map(Request::Find),
        call.prop_map(|(op, args, named)| Request::Call(Call { op, args, named })),
        any::<u64>().prop_map(Request::Info),
        any::<(u64, i32)>().prop_map(|(id, dtype)| Request::Read(id, dtype)),
        make.prop_map(|(dtype, shape, data, device)| Request::Make { dtype, shape, data, device }),
        (ids(), ids(), ids(), any::<u32>()).prop_map(|(outputs, inputs, weights, flags)| {
            Request::Grad { outputs, inputs, weights, flags }
        }),
        (any::<String>(), named()).prop_map(|(name, args)| Request::Ask(name, args)),
        any::<(u64, String)>().prop_map(|(context, name)| Request::ContextTensor(context, name)),
        (any::<u64>(), any::<String>(), named())
            .prop_map(|(context, name, args)| Request::ContextAsk(context, name, args)),
        (any::<String>(), named()).prop_map(|(name, args)| Request::Do(name, args)),
        named().prop_map(|values| Request::Returned(Ok(values))),
        fault().prop_map(|fault| Request::Returned(Err(fault))),
    ]
}

fn message() -> impl Strategy<Value = Message> {
    let progress = any::<[u64; 3]>().prop_map(|[step, steps_per_epoch, total_steps]| Progress {
        step,
        steps_per_epoch,
        total_steps,
    });
    let hook = (any::<(u64, String, u64, bool, bool)>(), progress, named());
    prop_oneof![
        any::<(u32, u32, String)>()
            .prop_map(|(oldest, newest, version)| Hello { oldest, newest, version })
            .prop_map(Message::Hello),
        hook.prop_map(|((item, hook, context, training, grad), progress, args)| {
            Message::Hook(HookCall { item, hook, context, progress, training, grad, args })
        }),
        named().prop_map(|values| Message::Done(Ok(Answer::Values(values)))),
        vec(any::<u8>(), 0..9).prop_map(|bytes| Message::Done(Ok(Answer::Bytes(bytes)))),
        fault().prop_map(|fault| Message::Done(Err(fault))),
    ]
}

proptest! {
    #[test]
    fn requests_round_trip(request in request(), released in ids(), grad in any::<bool>()) {
        let bytes = request.encode(&released, grad);
        prop_assert_eq!(Request::decode(&bytes), Ok((released, grad, request)));
    }

    #[test]
    fn messages_round_trip(message in message()) {
        prop_assert_eq!(Message::decode(&message.encode()), Ok(message));
    }

    #[test]
    fn cut_off_or_longer_it_is_refused(request in request(), cut in any::<prop::sample::Index>()) {
        let mut bytes = request.encode(&[], true);
        prop_assert!(Request::decode(&bytes[..cut.index(bytes.len())]).is_err());
        bytes.push(0);
        prop_assert!(Request::decode(&bytes).is_err());
    }

    #[test]
    fn noise_does_no_harm(bytes in vec(any::<u8>(), 0..64)) {
        let _ = Request::decode(&bytes);
        let _ = Message::decode(&bytes);
    }
}

#[test]
fn numbers_cross_bit_by_bit() {
    for bits in [f64::NAN.to_bits(), f64::NAN.to_bits() | 1, (-0.0_f64).to_bits(), 1] {
        let value = WireNamed::new("x", Wire::Float(f64::from_bits(bits)));
        let bytes = Message::Done(Ok(Answer::Values(vec![value]))).encode();
        let Ok(Message::Done(Ok(Answer::Values(values)))) = Message::decode(&bytes) else {
            panic!("{bytes:?}");
        };
        let Wire::Float(found) = values[0].value else { panic!("{values:?}") };
        assert_eq!(found.to_bits(), bits);
    }
}
