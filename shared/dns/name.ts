// Names of the DNS as text: which may be asked for, and which an answer may hold.

/** RFC 1035 §2.3.4: 255 octets on the wire are 253 characters. */
const NAME_BYTES_MAX = 253
const LABEL_BYTES_MAX = 63
// RFC 2181 §11: any octet may stand in a label. Deliberately no others than these: node:dns asks for no others.
const askable = /^[A-Za-z0-9_*/-]+$/
// Of hosts, and of what is found below them: with the underscore, which some have.
const usable = /^[a-z0-9_-]+$/

export function isAskable(name: string): boolean {
  return areLabels(name, askable)
}

/** In small letters without the dot at its end; undefined for what is no name of a host. */
export function hostNameOf(answered: string): string | undefined {
  const name = answered.toLowerCase().replace(/\.$/, '')
  return areLabels(name, usable) ? name : undefined
}

function areLabels(name: string, form: RegExp): boolean {
  return (
    name.length <= NAME_BYTES_MAX &&
    name.split('.').every((label) => label.length <= LABEL_BYTES_MAX && form.test(label))
  )
}
