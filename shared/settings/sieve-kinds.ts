// The kinds of values that name site scripts: those that the administrator keeps for all accounts (`postwolke sieve`).

import { type Domain, parseDomain } from '#shared/mail/domain.ts'
import type { Kind } from './setting.ts'

const SCRIPTS_MAX = 20
const DOMAINS_MAX = 1_000
const NAME = /^[^\x00-\x1f\x7f-\x9f,=\u2028\u2029]{1,200}$/

export const scriptNameOrNone: Kind<string> = {
  name: 'script',
  allowed: 'the name of a site script, or nothing',
  parse: (text) => (text === '' || NAME.test(text) ? text : undefined),
  format: (value) => value,
}

/** In their order. */
export const scriptNames: Kind<readonly string[]> = {
  name: 'scripts',
  allowed: `up to ${SCRIPTS_MAX} names of site scripts in their order, separated by commas, or nothing`,
  list: true,
  parse(text) {
    const names = split(text)
    const isSound = names.length <= SCRIPTS_MAX && names.every((name) => NAME.test(name))
    return isSound && new Set(names).size === names.length ? names : undefined
  },
  format: (value) => value.join(', '),
}

export type DomainScript = { readonly domain: Domain; readonly script: string }

export const domainScripts: Kind<readonly DomainScript[]> = {
  name: 'scripts of domains',
  allowed: 'domain=name of a site script, separated by commas, or nothing',
  list: true,
  parse(text) {
    const pairs = split(text)
    if (pairs.length > DOMAINS_MAX) return undefined
    const found = pairs.flatMap((pair): readonly DomainScript[] => {
      const equals = pair.indexOf('=')
      const domain = parseDomain(pair.slice(0, Math.max(0, equals)).trim())
      const script = pair.slice(equals + 1).trim()
      return domain !== undefined && NAME.test(script) ? [{ domain, script }] : []
    })
    const isSound = new Set(found.map(({ domain }) => domain)).size === pairs.length
    return isSound ? found : undefined
  },
  format: (value) => value.map(({ domain, script }) => `${domain}=${script}`).join(', '),
}

const split = (text: string) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
