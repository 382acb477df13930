// How the host is called, where it listens, and which networks are its own.

import { parseNetwork } from '#shared/settings/networks.ts'
import type { PostfixContext } from '../context.ts'
import type { MasterService } from '../master-cf.ts'
import type { LocalNames } from './local-names.ts'

export function translateNames(
  context: PostfixContext,
  local: LocalNames,
  { defaultDomain }: { readonly defaultDomain: string | undefined },
): void {
  const { collect, place, value, set } = context
  const give = (path: string, text: string, about: string) =>
    collect.set(path, text, { about, from: place(about) })
  give('hostname', local.hostname, 'myhostname')
  if (!set.has('myhostname')) {
    const reason = 'main.cf does not say it: it is the name of this machine'
    collect.note('to-do', 'myhostname', reason, place('myhostname'))
  }
  const home = defaultDomain ?? local.home
  if (home !== undefined) give('defaultDomain', home, 'mydomain')
  if (set.has('myorigin') && local.origin !== home && local.origin !== local.hostname) {
    give('myorigin', local.origin, 'myorigin')
  }
  if (home !== local.home && local.home !== undefined) {
    collect.note(
      'differs',
      'mydestination',
      `users under the other names of the host are those of ${home}, where Postfix had them in ${local.home}`,
      place('mydestination'),
    )
  }
  const others = [...local.names].filter(
    (name) => name !== local.home && name !== local.hostname && name !== `localhost.${home}`,
  )
  give('mydestination', others.join(', '), 'mydestination')
  translateNetworks(context)
  translateInterfaces(context)
  if (set.has('smtpd_banner')) translateBanner(context)
  const proxies = value('smtpd_upstream_proxy_protocol')
  if (proxies !== '') {
    const reason =
      'name the load balancers in `proxyTrustedNetworks`: Postfix believes whoever connects'
    collect.note(
      'to-do',
      'smtpd_upstream_proxy_protocol',
      reason,
      place('smtpd_upstream_proxy_protocol'),
    )
  }
  translateListeners(context)
}

/** Of mynetworks_style there is only this machine itself: the addresses of the old one are not those of the new. */
function translateNetworks(context: PostfixContext): void {
  const { collect, place, set, list, table } = context
  const networks: string[] = []
  const take = (text: string, from: { readonly file: string; readonly line: number }) => {
    const network = text.replaceAll(/[[\]]/g, '')
    if (parseNetwork(network) !== undefined) networks.push(network)
    // Debian's main.cf has it beside 127.0.0.0/8; addresses of IPv4 are such here however they come.
    else if (/^::ffff:[\d.]+\/(?:9[6-9]|1[01]\d|12[0-8])$/i.test(network)) {
      const reason = 'addresses of IPv4 are those however they come'
      collect.note('not-needed', `mynetworks ${text}`, reason, from)
    } else
      collect.note(
        'faulty',
        `mynetworks ${text}`,
        'no network: bits behind the prefix, or no address',
        from,
      )
  }
  for (const { word, from } of list('mynetworks')) {
    if (!/^[a-z][a-z]+:/.test(word)) {
      take(word, from)
      continue
    }
    const read = table(word, from)
    if (read.kind === 'rows' || read.kind === 'networks') {
      for (const { key, from: row } of read.rows) take(key, row)
    } else {
      const reason = read.kind === 'refused' ? read.reason : 'names no networks one by one'
      collect.note('not-supported', `mynetworks ${word}`, reason, from)
    }
  }
  if (!set.has('mynetworks')) {
    networks.push('127.0.0.0/8', '::1/128')
    const style = context.value('mynetworks_style')
    const reason = `with mynetworks_style = ${style} Postfix took the addresses of its machine; here it is this machine itself`
    collect.note('differs', 'mynetworks', reason, place('mynetworks_style'))
  }
  collect.set('mynetworks', [...new Set(networks)].join(', '), {
    about: 'mynetworks',
    from: place('mynetworks'),
  })
}

function translateInterfaces({ collect, place, value, set }: PostfixContext): void {
  for (const [name, path] of [
    ['inet_interfaces', 'inetInterfaces'],
    ['proxy_interfaces', 'proxyInterfaces'],
  ] as const) {
    if (!set.has(name)) continue
    collect.set(path, value(name).replaceAll(/[[\]]/g, ''), { about: name, from: place(name) })
  }
}

/** What Postfix says of itself is not said of another program. */
function translateBanner({ collect, place, value }: PostfixContext): void {
  const from = place('smtpd_banner')
  const text = value('smtpd_banner')
  if (/postfix/i.test(text)) {
    collect.note(
      'not-needed',
      'smtpd_banner',
      'it names Postfix; this program greets with its own name',
      from,
    )
  } else collect.set('smtpdBanner', text, { about: 'smtpd_banner', from })
}

/** By name or number. */
const listeners = [
  { names: ['smtp', '25'], listener: 'smtp', port: 25 },
  { names: ['submission', '587'], listener: 'submission', port: 587 },
  { names: ['smtps', 'submissions', 'urd', 'ssmtp', '465'], listener: 'submissions', port: 465 },
] as const

function translateListeners({ collect, master, value }: PostfixContext): void {
  if (master === undefined) return
  for (const service of master.services) {
    const from = { file: 'master.cf', line: service.line }
    if (service.type !== 'inet') continue
    const about = `${service.name} ${service.command}`
    const { address, port } = splitEndpoint(service.name)
    const found = listeners.find(({ names }) => names.some((name) => name === port))
    if (!['smtpd', 'postscreen'].includes(service.command)) {
      collect.note('not-supported', about, `the program ${service.command} is not here`, from)
    } else if (found !== undefined) {
      const base = `listeners.${found.listener}`
      collect.set(`${base}.enabled`, 'yes', { about, from })
      collect.set(`${base}.port`, String(found.port), { about, from })
      if (address !== '') collect.set(`${base}.address`, address, { about, from })
    } else if (value('content_filter') !== '' && isReinjection(service)) {
      collect.set('listeners.reinjection.enabled', 'yes', { about, from })
      collect.set('listeners.reinjection.port', port, { about, from })
      if (address !== '') collect.set('listeners.reinjection.address', address, { about, from })
    } else {
      const reason =
        'SMTP is served at one port for other servers, and at submission and submissions'
      collect.note('not-supported', about, reason, from)
    }
  }
}

/** It has the filter left out, or it would go round. */
const isReinjection = ({ overrides }: MasterService) => overrides.get('content_filter') === ''

function splitEndpoint(name: string): { readonly address: string; readonly port: string } {
  const colon = name.lastIndexOf(':')
  const address = name.slice(0, Math.max(0, colon)).replaceAll(/[[\]]/g, '')
  return { address, port: name.slice(colon + 1) }
}
