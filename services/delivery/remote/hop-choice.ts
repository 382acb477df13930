// How hosts of a next hop are chosen, as the settings say it.

import type { MailHostsDeps } from './mail-hosts.ts'

export type AddressPreference = 'any' | 'ipv4' | 'ipv6'
export type InetProtocols = 'all' | 'ipv4' | 'ipv6'

export type HopChoiceOptions = {
  /** Which family comes first; any: by lot. */
  readonly addressPreference: AddressPreference
  readonly inetProtocols: InetProtocols
  /** Addresses tried for one transfer to one hop, all hosts together. */
  readonly mxAddressLimit: number
  /** Hosts that take a session in one transfer to one hop: who has refused a recipient for now is followed by so many others. */
  readonly mxSessionLimit: number
  readonly ignoreMxLookupError: boolean
}

export type NextHopChoice = MailHostsDeps & HopChoiceOptions

export const defaultHopChoice: HopChoiceOptions = {
  addressPreference: 'ipv4',
  inetProtocols: 'all',
  mxAddressLimit: 5,
  mxSessionLimit: 2,
  ignoreMxLookupError: false,
}
