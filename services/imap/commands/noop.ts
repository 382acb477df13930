import { completed, defineCommand, noArguments } from '../command.ts'

/** NOOP: tells what is new. RFC 9051 §6.1.2. */
export const noop = defineCommand({
  states: ['not-authenticated', 'authenticated', 'selected'],
  mayReportExpunge: true,
  looksForNews: true,
  parse: noArguments,
  run: () => completed('NOOP'),
})

/** CHECK: a NOOP with another name, as everything is on stable storage already. RFC 3501 §6.4.1. */
export const check = defineCommand({
  states: ['selected'],
  mayReportExpunge: true,
  looksForNews: true,
  parse: noArguments,
  run: () => completed('CHECK'),
})
