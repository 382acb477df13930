import { defineCommand, noArguments } from '../command.ts'

/** STARTTLS. RFC 9051 §6.2.1. */
export const starttls = defineCommand({
  states: ['not-authenticated'],
  mayReportExpunge: false,
  parse: noArguments,
  run({ transport }) {
    if (transport.security === 'tls') return { status: 'BAD', text: 'TLS is already active' }
    if (!transport.tlsAvailable) return { status: 'NO', text: 'No certificate is configured' }
    return { status: 'OK', text: 'Begin TLS negotiation now', after: 'start-tls' }
  },
})
