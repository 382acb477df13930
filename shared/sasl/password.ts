// The one rule for passwords, wherever they come from: LOGIN, PASS, SASL PLAIN and LOGIN, the proof of SCRAM, the command line. A
// password is bytes. Where they are UTF-8, the same word typed on another keyboard is the same password: new hashes are made of
// the form that SASLprep gives (RFC 4616 §2, RFC 5802 §2.2), and hashes made elsewhere may be of any form in which systems write it.
// Bytes that are not UTF-8 (a client or an old system that writes Latin-1) are taken as they are.

import { isUtf8 } from 'node:buffer'
import { saslPrep } from './sasl-prep.ts'

/** Far more than anybody types, and too little to make a hash function busy. RFC 4616 §2 asks for 255 at least. */
export const PASSWORD_BYTES_MAX = 1_024

/** Whether bytes can be a password here at all; NUL ends strings in crypt(3) and must not end a password early. */
export function isPassword(bytes: Uint8Array): boolean {
  return bytes.length > 0 && bytes.length <= PASSWORD_BYTES_MAX && !bytes.includes(0)
}

/** As new hashes are made of it. */
export function canonicalPassword(bytes: Uint8Array): Uint8Array {
  if (isAscii(bytes) || !isUtf8(bytes)) return bytes
  const prepared = Buffer.from(saslPrep(text(bytes)))
  return isPassword(prepared) ? prepared : bytes
}

/** For SCRAM, which knows passwords as text alone; undefined when it is none. */
export function passwordText(bytes: Uint8Array): string | undefined {
  return isUtf8(bytes) ? text(canonicalPassword(bytes)) : undefined
}

/** What a stored hash may have been made of, most likely first: as sent, SASLprep, NFC, NFD. Each once, so mostly one. */
export function passwordForms(bytes: Uint8Array): readonly Uint8Array[] {
  if (isAscii(bytes) || !isUtf8(bytes)) return [bytes]
  const sent = text(bytes)
  const others = [sent.normalize('NFC'), sent.normalize('NFD')].map((form) => Buffer.from(form))
  const forms: Uint8Array[] = [bytes]
  for (const form of [canonicalPassword(bytes), ...others]) {
    if (isPassword(form) && !forms.some((one) => samePassword(one, form))) forms.push(form)
  }
  return forms
}

export function samePassword(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

const isAscii = (bytes: Uint8Array): boolean => bytes.every((byte) => byte < 0x80)

/** Of UTF-8: nothing is lost, a byte order mark neither. */
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')
