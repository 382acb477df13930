// The order in which the DNS of a domain turns from WorkMail to here: one thing at a time, each seen to be done before the next. Old and new MX
// never stand beside each other, since senders take either, and mail would lie on both sides.

import type { WantedRecord } from '../../dns/wanted-records.ts'
import {
  isSameValues,
  type RecordChange,
  type RecordSet,
  setOf,
  TTL_SECONDS,
  valuesOf,
} from './record-set.ts'
import { mergedSpf, otherTexts, spfHolds, spfNames, spfOf, spfWithout } from './spf.ts'

export const stepIds = [
  'prepare',
  'trust',
  'lower-ttl',
  'switch-mx',
  'first-pass',
  'clients',
  'last-pass',
  'withdraw',
  'dmarc',
  'raise-ttl',
] as const
export type StepId = (typeof stepIds)[number]

export type Step = {
  readonly id: StepId
  readonly about: string
  /** What only a person knows. */
  readonly confirm?: string
  readonly changes: readonly RecordChange[]
  /** Whether the step before has to have been so for as long as others may keep what was. */
  readonly waits: 'none' | 'old-ttl' | 'low-ttl' | 'two-days'
}

export type CutOverFacts = {
  readonly domain: string
  /** Of ours. */
  readonly wanted: readonly WantedRecord[]
  /** What is published now. */
  readonly published: (name: string, type: RecordSet['type']) => RecordSet
  /** Whether mail leaves from here by Amazon's servers. */
  readonly sendsBySes: boolean
  /** Records that WorkMail wanted, by name, which end with it. */
  readonly old: readonly { readonly name: string; readonly type: 'CNAME' | 'TXT' }[]
}

/** While records move. RFC 1912 §2.2 speaks of minutes at least; resolvers that raise shorter ones are known. */
export const LOW_TTL_SECONDS = 300
export const TWO_DAYS_MS = 2 * 86_400_000
const SES = 'include:amazonses.com'

export function stepsOf(facts: CutOverFacts): readonly Step[] {
  const { wanted, domain } = facts
  const of = (purpose: WantedRecord['purpose']) => wanted.filter((one) => one.purpose === purpose)
  return [
    {
      id: 'prepare',
      about: 'domain, accounts and aliases are here, and all mail was brought over once',
      confirm: `everybody of ${domain} is here with the mail of before`,
      changes: [],
      waits: 'none',
    },
    {
      id: 'trust',
      about: 'others are told which keys sign from here, and that both systems send',
      changes: [...placed(facts, of('dkim')), ...bothSend(facts)],
      waits: 'none',
    },
    {
      id: 'lower-ttl',
      about: 'others keep what is about to change for minutes only',
      changes: lowered(facts),
      waits: 'none',
    },
    {
      id: 'switch-mx',
      about: 'new mail comes here; MX of WorkMail and of ours are never there together',
      changes: placed(facts, of('mail'), LOW_TTL_SECONDS),
      waits: 'old-ttl',
    },
    {
      id: 'first-pass',
      about: 'what came to WorkMail until the last sender heard of it is brought over',
      confirm: 'mail was brought over again after the switch',
      changes: [],
      waits: 'low-ttl',
    },
    {
      id: 'clients',
      about: 'mail programs that set themselves up find this system',
      changes: placed(facts, of('clients')),
      waits: 'none',
    },
    {
      id: 'last-pass',
      about: 'senders that tried for days have come through, and the last of it is brought over',
      confirm: 'mail was brought over again, and WorkMail gets and sends nothing any more',
      changes: [],
      waits: 'two-days',
    },
    {
      id: 'withdraw',
      about: 'WorkMail sends no more in the name of the domain, and its keys are taken away',
      changes: withdrawn(facts),
      waits: 'none',
    },
    {
      id: 'dmarc',
      about: 'others are told what to make of mail that is neither signed nor sent from here',
      changes: placed(facts, of('dmarc')),
      waits: 'none',
    },
    {
      id: 'raise-ttl',
      about: 'others keep the records for an hour again',
      changes: raised(facts),
      waits: 'none',
    },
  ]
}

const placed = (
  facts: CutOverFacts,
  records: readonly WantedRecord[],
  ttlSeconds = TTL_SECONDS,
): readonly RecordChange[] => records.map((record) => place(facts, record, ttlSeconds))

/** What is there of the same name for something else stays. */
function place(
  { published }: CutOverFacts,
  record: WantedRecord,
  ttlSeconds: number,
): RecordChange {
  const { name, type, value, need } = record
  const now = valuesOf(published(name, type))
  const others = now.filter((one) => !record.isOfKind(one))
  const ofKind = now.length - others.length
  return {
    to: setOf(record, [...others, value], ttlSeconds),
    is(found) {
      const own = found.filter(record.isOfKind)
      const isOne = type !== 'TXT' || own.length === 1
      // An MX of before beside ours is no switch.
      return (
        own.length > 0 && isOne && own.every((one) => record.isMet(one) && !isOfAmazon(type, one))
      )
    },
    // What others had there leads people back.
    isOptional: need === 'may' && ofKind === 0,
  }
}

/** Any name of a web host is as good as ours, but for that of WorkMail. */
const isOfAmazon = (type: RecordSet['type'], value: string) =>
  type === 'CNAME' && /(?:^|\.)(?:awsapps|amazonaws)\.com\.?$/i.test(value)

const spfOfOurs = ({ wanted, domain }: CutOverFacts) =>
  wanted.find(({ purpose, name }) => purpose === 'spf' && name === domain)?.value ??
  'v=spf1 mx ~all'

function texts({ published, domain }: CutOverFacts) {
  const set = published(domain, 'TXT')
  const values = valuesOf(set)
  return { values, others: otherTexts(values), spf: spfOf(values) }
}

/** The MX is not ours yet, so that our host is named by itself. */
function bothSend(facts: CutOverFacts): readonly RecordChange[] {
  const hosts = facts.wanted
    .filter(({ purpose }) => purpose === 'mail')
    .map(({ value }) => `a:${value.slice(value.lastIndexOf(' ') + 1)}`)
  const wanted = ['v=spf1', SES, ...hosts, '~all'].join(' ')
  const { others, spf } = texts(facts)
  const merged = mergedSpf(mergedSpf(spf, wanted), spfOfOurs(facts))
  return [
    {
      to: setOf({ name: facts.domain, type: 'TXT' }, [...others, merged], TTL_SECONDS),
      is(found) {
        const now = found.filter((text) => spfOf([text]) !== undefined)
        const [one] = now
        return now.length === 1 && one !== undefined && spfHolds(one, merged)
      },
    },
  ]
}

/** Of a domain whose mail leaves by Amazon's servers from here, too, all of it stays. */
function withdrawn(facts: CutOverFacts): readonly RecordChange[] {
  if (facts.sendsBySes) return []
  const { others, spf } = texts(facts)
  const isNamed = spf !== undefined && spfNames(spf, SES)
  const sends: readonly RecordChange[] = isNamed
    ? [
        {
          to: setOf(
            { name: facts.domain, type: 'TXT' },
            [...others, spfWithout(spf, SES)],
            TTL_SECONDS,
          ),
          is: (found) => {
            const now = spfOf(found)
            return now !== undefined && !spfNames(now, SES)
          },
        },
      ]
    : []
  return [...sends, ...facts.old.map((old) => gone(facts, old))]
}

/** What `switch-mx` and `clients` change, as far as it is there. */
function moving({ published, domain }: CutOverFacts): readonly RecordSet[] {
  return [published(domain, 'MX'), published(`autodiscover.${domain}`, 'CNAME')].filter(
    ({ data }) => data.length > 0,
  )
}

const lowered = (facts: CutOverFacts): readonly RecordChange[] =>
  moving(facts).map((set) => ({
    ...withTtl(set, LOW_TTL_SECONDS),
    ttl: { atMost: LOW_TTL_SECONDS },
  }))

const raised = (facts: CutOverFacts): readonly RecordChange[] =>
  moving(facts).map((set) => ({ ...withTtl(set, TTL_SECONDS), ttl: { atLeast: TTL_SECONDS } }))

const withTtl = (set: RecordSet, ttlSeconds: number): RecordChange => ({
  to: { ...set, ttlSeconds },
  is: (found) => isSameValues(set.type, found, valuesOf(set)),
})

function gone(
  { published }: CutOverFacts,
  { name, type }: CutOverFacts['old'][number],
): RecordChange {
  return { to: { ...published(name, type), data: [] }, is: (found) => found.length === 0 }
}
