// What AWS charges, by region: list prices without free tiers, each with the day its list was published or read. The idle cost
// of a deployment (cdk/idle-cost), what it has cost this month (cost-model.ts) and the cost benchmark (test/bench/cost) multiply what they
// counted with this table.
//
// Sources: `list` is AWS's own price list; `eu list` is the same list read for eu-central-1, where the price is the same all over
// AWS; `page` is a price page or a copy of one; `known` is a long-standing price that was not looked up again.

export type Price = {
  readonly usd: number
  readonly unit: string
  /** Day of the list, or what is known of it. */
  readonly asOf: string
  readonly source: 'list' | 'eu list' | 'page' | 'known'
}

const usEast1 = {
  'ddb.wru': { usd: 0.000000625, unit: 'write request unit', asOf: '2026-09-11', source: 'list' },
  'ddb.rru': { usd: 0.000000125, unit: 'read request unit', asOf: '2026-09-11', source: 'list' },
  'ddb.storage': { usd: 0.25, unit: 'GB-month', asOf: '2026-09-11', source: 'list' },
  'ddb.pitr': { usd: 0.2, unit: 'GB-month', asOf: '2026-09-11', source: 'list' },
  'ddb.stream.read': { usd: 0.0000002, unit: 'request', asOf: '2026-09-11', source: 'list' },

  /** PUT, COPY, POST and LIST; DELETE and aborted uploads are free. */
  's3.put': { usd: 0.000005, unit: 'request', asOf: '2026-09-18', source: 'list' },
  /** GET, HEAD and everything else. */
  's3.get': { usd: 0.0000004, unit: 'request', asOf: '2026-09-18', source: 'list' },
  's3.storage.std': { usd: 0.023, unit: 'GB-month', asOf: '2026-09-18', source: 'list' },
  's3.storage.ia': { usd: 0.0125, unit: 'GB-month', asOf: '2026-09-18', source: 'list' },
  's3.storage.gir': { usd: 0.004, unit: 'GB-month', asOf: '2026-09-18', source: 'list' },
  's3.retrieve.ia': { usd: 0.01, unit: 'GB', asOf: '2026-09-18', source: 'list' },
  's3.retrieve.gir': { usd: 0.03, unit: 'GB', asOf: '2026-09-18', source: 'list' },

  /** A request is every 64 KB of it. */
  'sqs.std': { usd: 0.0000004, unit: 'request', asOf: '2026-09-11', source: 'eu list' },
  'sqs.fifo': { usd: 0.0000005, unit: 'request', asOf: '2026-09-11', source: 'known' },
  'sns.publish': { usd: 0.0000005, unit: 'request', asOf: '2026-09-11', source: 'eu list' },

  'lambda.request': { usd: 0.0000002, unit: 'invocation', asOf: '2026-09-11', source: 'eu list' },
  'lambda.gbs.arm': {
    usd: 0.0000133334,
    unit: 'GB-second',
    asOf: '2026-09-11',
    source: 'eu list',
  },

  'fargate.vcpu.arm': { usd: 0.03238, unit: 'vCPU-hour', asOf: '2026-09-11', source: 'list' },
  'fargate.gb.arm': { usd: 0.00356, unit: 'GB-hour', asOf: '2026-09-11', source: 'list' },
  'fargate.vcpu.x86': { usd: 0.04048, unit: 'vCPU-hour', asOf: '2026-09-11', source: 'list' },
  'fargate.gb.x86': { usd: 0.004445, unit: 'GB-hour', asOf: '2026-09-11', source: 'list' },

  'nlb.hour': { usd: 0.0225, unit: 'hour', asOf: '2026-09-24', source: 'list' },
  /** TCP: 800 new flows a second, 100,000 open ones or 1 GB an hour, whichever is most. */
  'nlb.nlcu': { usd: 0.006, unit: 'NLCU-hour', asOf: '2026-09-24', source: 'list' },

  'vpc.ipv4': { usd: 0.005, unit: 'address-hour', asOf: '2024-02-01', source: 'known' },
  'vpc.nat.hour': { usd: 0.045, unit: 'hour', asOf: '2026-09-24', source: 'list' },
  'vpc.nat.gb': { usd: 0.045, unit: 'GB', asOf: '2026-09-24', source: 'list' },
  'vpc.vpce.hour': { usd: 0.01, unit: 'zone-hour', asOf: '2026-09-24', source: 'list' },
  'vpc.vpce.gb': { usd: 0.01, unit: 'GB', asOf: '2026-09-24', source: 'list' },
  'net.out': { usd: 0.09, unit: 'GB', asOf: '2026-09-24', source: 'list' },
  /** Each way. */
  'net.az': { usd: 0.01, unit: 'GB', asOf: '2026-09-24', source: 'known' },

  'cw.logs.std': { usd: 0.5, unit: 'GB', asOf: '2025', source: 'page' },
  'cw.logs.ia': { usd: 0.25, unit: 'GB', asOf: '2025', source: 'page' },
  'cw.logs.store': { usd: 0.03, unit: 'GB-month', asOf: '2025', source: 'known' },
  'cw.metric': { usd: 0.3, unit: 'metric-month', asOf: '2025', source: 'known' },
  /** For each metric that the alarm watches. */
  'cw.alarm': { usd: 0.1, unit: 'metric-month', asOf: '2025', source: 'known' },
  /** Watched in periods below a minute. */
  'cw.alarm.fast': { usd: 0.3, unit: 'metric-month', asOf: '2025', source: 'known' },
  'cw.alarm.composite': { usd: 0.5, unit: 'alarm-month', asOf: '2025', source: 'known' },
  /** Three are free in an account. */
  'cw.dashboard': { usd: 3, unit: 'dashboard-month', asOf: '2025', source: 'known' },

  'sm.secret': { usd: 0.4, unit: 'secret-month', asOf: '2026-10', source: 'list' },
  'sm.api': { usd: 0.000005, unit: 'call', asOf: '2026-10', source: 'list' },
  'kms.key': { usd: 1, unit: 'key-month', asOf: '2025', source: 'known' },
  'kms.api': { usd: 0.000003, unit: 'call', asOf: '2025', source: 'known' },
  'scheduler.invoke': { usd: 0.000001, unit: 'invocation', asOf: '2025', source: 'known' },
  'apigw.http': { usd: 0.000001, unit: 'request', asOf: '2025', source: 'known' },
  'r53.zone': { usd: 0.5, unit: 'zone-month', asOf: '2025', source: 'page' },
  'r53.query': { usd: 0.0000004, unit: 'query', asOf: '2025', source: 'page' },

  /** At issue and at each renewal, which comes 45 days before the 198 days are over. */
  'acm.export.fqdn': { usd: 7, unit: 'certificate name', asOf: '2026-02-18', source: 'page' },
  'acm.export.wildcard': { usd: 79, unit: 'certificate name', asOf: '2026-02-18', source: 'page' },

  'ses.send': { usd: 0.0001, unit: 'recipient', asOf: '2026-01-20', source: 'page' },
  'ses.send.gb': { usd: 0.12, unit: 'GB', asOf: '2026-01-20', source: 'page' },
  'ses.recv': { usd: 0.0001, unit: 'message', asOf: '2026-01-20', source: 'page' },
  'ses.recv.chunk': { usd: 0.00009, unit: '256 KB', asOf: '2026-01-20', source: 'page' },
} as const satisfies { readonly [key: string]: Price }

export type PriceKey = keyof typeof usEast1
export type PriceList = { readonly [key in PriceKey]: Price }

/** Regions whose whole list is known. Elsewhere DynamoDB and logs cost up to a quarter more. */
export const priceLists = { 'us-east-1': usEast1 } as const satisfies {
  readonly [region: string]: PriceList
}

export const HOURS_PER_MONTH = 730
export const MINUTES_PER_MONTH = HOURS_PER_MONTH * 60
