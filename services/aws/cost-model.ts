// What a deployment costs at list prices: at rest as its synthesis computed (cdk/idle-cost), and for each that figures count what the
// cost benchmark counted (`npm run bench -- cost`), times the price list.

import type { CostModel } from '#shared/administration/usage/cost.ts'
import type { UnitPrices } from '#shared/settings/cost-kinds.ts'
import type { Settings } from '#shared/settings/table.ts'
import { HOURS_PER_MONTH, type PriceKey, type PriceList, priceLists } from './prices.ts'

type Amounts = { readonly [key in PriceKey]?: number }

/** The region whose whole list is known. */
const LISTED = 'us-east-1'
/** Of the message that the benchmark sends. */
const MESSAGE_GB = 50e-6
/** A message of that size in the index, of a million bytes of mail in DynamoDB some twelve thousand. */
const INDEX_SHARE = 0.012

/** What one of each takes. In bursts or one by one, in one folder or in many, is an average of the benchmark's scenarios. */
const amounts = {
  /** Decisions of policy, spool, queue item, doorbell and cleanup. */
  accepted: {
    'ddb.wru': 5.1,
    'ddb.rru': 10,
    's3.put': 1,
    'sqs.std': 1.2,
    'lambda.request': 1.3,
    'lambda.gbs.arm': 0.05,
    'cw.logs.std': 1_340e-9,
    'nlb.nlcu': MESSAGE_GB,
  },
  /** The transaction in a folder, and hints to whoever watches it. */
  deliveredHere: { 'ddb.wru': 10.2, 'ddb.rru': 4.7, 'sqs.std': 0.5 },
  /** A group of its own, its lease and result, the object and what is sent of it. */
  deliveredElsewhere: {
    'ddb.wru': 14.6,
    'ddb.rru': 3.5,
    'sqs.std': 2.3,
    'lambda.request': 0.8,
    'lambda.gbs.arm': 0.13,
    's3.get': 0.8,
    'cw.logs.std': 500e-9,
    'net.out': MESSAGE_GB,
  },
  deferred: {
    'ddb.wru': 11,
    'ddb.rru': 2.5,
    'sqs.std': 3,
    'lambda.request': 1,
    'lambda.gbs.arm': 0.1,
    'cw.logs.std': 500e-9,
  },
  refused: {
    'ddb.wru': 1,
    'ddb.rru': 5.5,
    'lambda.request': 1,
    'lambda.gbs.arm': 0.026,
    'cw.logs.std': 800e-9,
  },
  /** Its header, its body, and the flag \Seen. */
  read: { 'ddb.wru': 6, 'ddb.rru': 6, 's3.get': 1 },
  /** Half of them stored, half removed. */
  changed: { 'ddb.wru': 11, 'ddb.rru': 6.5, 's3.put': 0.5 },
  /** The account, LIST, STATUS and two folders selected. */
  logins: { 'ddb.wru': 4, 'ddb.rru': 18, 'cw.logs.std': 500e-9 },
  storedGB: {
    's3.storage.std': 1,
    'ddb.storage': INDEX_SHARE,
    'ddb.pitr': INDEX_SHARE,
  },
} as const satisfies { readonly [name in keyof Required<UnitPrices>]: Amounts }

/** What SES asks for a recipient, and for what is sent. */
const ses: Amounts = { 'ses.send': 1, 'ses.send.gb': MESSAGE_GB }

export function awsCostModel({
  idleUsdPerMonth,
  region,
  sendsBySes,
}: {
  readonly idleUsdPerMonth: number
  readonly region: string
  readonly sendsBySes: boolean
}): CostModel {
  const list: PriceList = priceLists[LISTED]
  const priced = Object.entries(amounts).map(([name, some]) => {
    const more = name === 'deliveredElsewhere' && sendsBySes ? usd(list, ses) : 0
    return [name, usd(list, some) + more]
  })
  return {
    currency: 'USD',
    atRest: { amount: idleUsdPerMonth / HOURS_PER_MONTH, per: 'hour' },
    prices: Object.fromEntries(priced),
    origin: { kind: 'list-prices', listed: LISTED, region, asOf: lastReadOf(list) },
    notCounted: ['traffic-to-clients', 'kept-logs', 'deleted-mail'],
  }
}

/** `idleUsd`: as the deployment says it. Undefined: it does not say it. */
export function deployedCosts(
  idleUsd: string | undefined,
  region: string,
): ((settings: Pick<Settings, 'defaultTransport'>) => CostModel) | undefined {
  if (idleUsd === undefined || !/^\d{1,7}\.\d{2}$/.test(idleUsd)) return undefined
  const idleUsdPerMonth = Number(idleUsd)
  return ({ defaultTransport }) =>
    awsCostModel({ idleUsdPerMonth, region, sendsBySes: defaultTransport === 'ses' })
}

function usd(list: PriceList, some: Amounts): number {
  return Object.entries(list).reduce(
    (sum, [key, price]) => sum + (some[key as PriceKey] ?? 0) * price.usd,
    0,
  )
}

/** Days only; of some prices no more than a month or a year is known. */
function lastReadOf(list: PriceList): string {
  const days = Object.values(list).map(({ asOf }) => asOf)
  return (
    days
      .filter((day) => /^\d{4}-\d{2}-\d{2}$/.test(day))
      .sort()
      .at(-1) ?? ''
  )
}
