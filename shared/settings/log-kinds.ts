// Which services log more or less than the rest: `imap=debug, policy=warn`.

import type { LogLevel } from '#shared/runtime/log-writer.ts'
import type { Kind } from './setting.ts'

/** As the field `service` of the log has them. */
export const loggingServices = [
  'smtp',
  'imap',
  'pop3',
  'managesieve',
  'policy',
  'content',
  'authentication',
  'cleanup',
  'delivery',
  'sweeper',
  'collector',
  'pickup',
  'http',
  'api',
  'jobs',
  'tls-reports',
] as const

const levels = ['debug', 'info', 'warn', 'error'] as const satisfies readonly LogLevel[]

export type ServiceLevels = readonly {
  readonly service: (typeof loggingServices)[number]
  readonly level: LogLevel
}[]

export const serviceLevels: Kind<ServiceLevels> = {
  name: 'levels',
  allowed: `a list of service=level with services of ${loggingServices.join(', ')} and levels of ${levels.join(', ')}, or nothing`,
  list: true,
  parse(text) {
    const words = text
      .toLowerCase()
      .split(/[\s,]+/)
      .filter(Boolean)
    const found = new Map<(typeof loggingServices)[number], LogLevel>()
    for (const word of words) {
      const [name, of] = word.split('=')
      const service = loggingServices.find((each) => each === name)
      const level = levels.find((each) => each === of)
      if (service === undefined || level === undefined || found.has(service)) return undefined
      found.set(service, level)
    }
    return [...found].map(([service, level]) => ({ service, level }))
  },
  format: (value) => value.map(({ service, level }) => `${service}=${level}`).join(', '),
}
