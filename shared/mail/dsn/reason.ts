// What a status means for a person (RFC 3463, and the registry of its codes): fewer things than there are codes, each with something that
// can be done about it.

export type Reason =
  | 'no-such-address'
  | 'no-such-domain'
  | 'moved'
  | 'sender-refused'
  | 'disabled'
  | 'full'
  | 'too-large'
  | 'expired'
  | 'loop'
  | 'unreachable'
  | 'not-secure'
  | 'not-authenticated'
  | 'refused'
  | 'content'
  | 'international'
  | 'ours'
  | 'unknown'

/** By subject and detail. */
const reasons: ReadonlyMap<string, Reason> = new Map([
  ['1.1', 'no-such-address'],
  ['1.2', 'no-such-domain'],
  ['1.3', 'no-such-address'],
  ['1.4', 'no-such-address'],
  ['1.6', 'moved'],
  ['1.7', 'sender-refused'],
  ['1.8', 'sender-refused'],
  ['1.10', 'no-such-domain'],
  ['2.1', 'disabled'],
  ['2.2', 'full'],
  ['2.3', 'too-large'],
  ['3.4', 'too-large'],
  ['4.1', 'unreachable'],
  ['4.2', 'unreachable'],
  ['4.3', 'unreachable'],
  ['4.4', 'no-such-domain'],
  ['4.6', 'loop'],
  ['4.7', 'expired'],
  ['4.14', 'loop'],
  ['6.7', 'international'],
  ['7.4', 'not-secure'],
  ['7.5', 'not-secure'],
  ['7.10', 'not-secure'],
  ['7.20', 'not-authenticated'],
  ['7.21', 'not-authenticated'],
  ['7.22', 'not-authenticated'],
  ['7.23', 'not-authenticated'],
  ['7.26', 'not-authenticated'],
  ['7.30', 'not-secure'],
])

/** Where nothing is known of the very code, what its subject says. */
const subjects: ReadonlyMap<string, Reason> = new Map([
  ['6', 'content'],
  ['7', 'refused'],
])

/** `isFinal`: nobody tries again. */
export function reasonOf(status: string, isFinal: boolean): Reason {
  const [kind, subject = '', detail = ''] = status.split('.')
  // A temporary reason is no reason to return mail, but that it lasted too long.
  if (isFinal && kind === '4') return 'expired'
  if (subject === '3' && detail !== '4') return 'ours'
  return reasons.get(`${subject}.${detail}`) ?? subjects.get(subject) ?? 'unknown'
}
