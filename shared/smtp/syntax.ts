// What can be wrong with a command as the grammar sees it. Thrown by the parsers of this folder, turned into a reply in
// one place by whoever speaks the protocol.

export type SyntaxFault =
  /** Not of the form the command has at all. */
  | { readonly kind: 'command'; readonly expected: string }
  | { readonly kind: 'sender' }
  | { readonly kind: 'recipient' }
  /** A UTF-8 address, and SMTPUTF8 was not asked for (RFC 6531 §3.5). */
  | { readonly kind: 'needs-smtputf8' }
  | { readonly kind: 'unknown-parameter'; readonly keyword: string }
  /** Given twice, without its value, or with a wrong one. */
  | { readonly kind: 'parameter'; readonly keyword: string }

export class SmtpSyntaxError extends Error {
  override readonly name = 'SmtpSyntaxError'
  readonly fault: SyntaxFault
  constructor(fault: SyntaxFault) {
    super(fault.kind)
    this.fault = fault
  }
}
