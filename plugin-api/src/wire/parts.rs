//! Parts of messages.

use super::codec::{Malformed, Reader, Writer};
use super::value::WireNamed;
use crate::abi::{Fault, RawDevice};

pub(super) fn write_device(to: &mut Writer, device: RawDevice) {
    to.i32(device.kind);
    to.i32(device.index);
}

pub(super) fn read_device(from: &mut Reader<'_>) -> Result<RawDevice, Malformed> {
    Ok(RawDevice { kind: from.i32()?, index: from.i32()? })
}

pub(super) fn write_named(to: &mut Writer, all: &[WireNamed]) {
    to.list(all, |to, one| one.write(to));
}

pub(super) fn read_named(from: &mut Reader<'_>) -> Result<Vec<WireNamed>, Malformed> {
    from.list(WireNamed::read)
}

pub(super) fn write_ids(to: &mut Writer, ids: &[u64]) {
    to.list(ids, |to, id| to.u64(*id));
}

pub(super) fn read_ids(from: &mut Reader<'_>) -> Result<Vec<u64>, Malformed> {
    from.list(Reader::u64)
}

pub(super) fn write_fault(to: &mut Writer, fault: &Fault) {
    to.text(&fault.kind);
    to.text(&fault.message);
}

pub(super) fn read_fault(from: &mut Reader<'_>) -> Result<Fault, Malformed> {
    Ok(Fault { kind: from.text()?.into(), message: from.text()?.into() })
}
