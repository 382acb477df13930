// `postwolke migrate workmail …`: the DNS of a domain turned from WorkMail to here, and exports of its mailboxes.

import type { Command } from 'commander'
import type { CutOver } from '#shared/administration/moving/cut-over/cut-over.ts'
import type { Organization } from '#shared/moving/workmail/organization.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import type { Context, Process } from '../command-context.ts'
import { confirmDeed, yesOption } from '../confirm.ts'
import type { Common } from '../context.ts'
import type { Define } from '../define.ts'
import { CommandFailure } from '../failure.ts'
import { loadAws } from '../import-from/load-aws.ts'
import {
  awsOptions,
  type OrganizationOptions,
  organizationOf,
  withOrganizationOptions,
} from '../import-from/workmail-organization.ts'
import { printBack, printNext, printView } from './cut-over-text.ts'
import { exportCommand } from './workmail-export.ts'

type PlanOptions = OrganizationOptions & { readonly route53Zone?: string; readonly ttl?: string }
type StepOptions = Common & {
  readonly apply?: boolean
  readonly confirm?: boolean
  readonly yes?: boolean
}

export function migrateWorkMailCommands(group: Command, process: Process, define: Define): void {
  const workmail = group
    .command('workmail')
    .description('turn a domain from Amazon WorkMail to here, step by step and back')

  let organization: Organization | undefined
  define<PlanOptions>(workmail.command('plan <domain>'), {
    about: 'begin the cut-over of a domain, and show all its steps; nothing is changed',
    options: (command) =>
      withOrganizationOptions(command)
        .option('--route53-zone <id>', 'the hosted zone of the domain, where Route 53 has it')
        .option(
          '--ttl <seconds>',
          'how long others keep its records, where it was longer than it is now',
        ),
    async prepare(_, options) {
      const isNamed = options.organization !== undefined || options.from !== undefined
      if (isNamed) organization = await organizationOf(options, process)
    },
    async run(context, [domain], options) {
      const cutOver = await cutOverOf(context, domain, options.route53Zone)
      const begun = await cutOver.begin({
        domain,
        zoneId: options.route53Zone ?? null,
        ttlSeconds: ttlOf(options.ttl),
        old: oldRecords(domain, organization),
      })
      printView(context, begun)
    },
  })

  define(workmail.command('status <domain>'), {
    about: 'show what is done, what is to be done, and what the DNS says of it',
    async run(context, [domain]) {
      printView(context, await (await cutOverOf(context, domain)).status(domain))
    },
  })

  define<StepOptions>(workmail.command('next <domain>'), {
    about: 'look whether the step is done, and go on to the next one; no earlier than may be',
    options: stepOptions('change the zone of Route 53 as the step says, after a question'),
    async run(context, [domain], { apply = false, confirm = false, yes, ...options }) {
      const cutOver = await cutOverOf(context, domain)
      if (apply) await confirmDeed(context.process, `The zone of ${domain} is changed.`, { yes })
      const outcome = await cutOver.next(domain, { apply, confirmed: confirm })
      if (outcome.kind === 'to-confirm') {
        const { warnAsDoctor } = await import('./doctor-says.ts')
        const hasMoved = outcome.step !== 'prepare'
        await warnAsDoctor(context, options, hasMoved ? domain : undefined)
      }
      printNext(context, outcome)
    },
  })

  define<StepOptions>(workmail.command('back <domain>'), {
    about: 'show what puts back what the last step changed, and go back once it is there again',
    options: stepOptions('put it back in the zone of Route 53, after a question'),
    async run(context, [domain], { apply = false, confirm = false, yes }) {
      const cutOver = await cutOverOf(context, domain)
      if (apply) await confirmDeed(context.process, `The zone of ${domain} is changed.`, { yes })
      printBack(context, await cutOver.back(domain, { apply, confirmed: confirm }))
    },
  })

  exportCommand(workmail, define)
}

const stepOptions = (applies: string) => (command: Command) =>
  command
    .option('--apply', applies)
    .option('--confirm', 'say that what only a person knows, or what cannot be measured, is so')
    .option(...yesOption)

/** The SDK is loaded where a zone of Route 53 is meant, and not where records are changed by hand. */
async function cutOverOf(
  context: Context,
  domain: string,
  zoneId?: string | undefined,
): Promise<CutOver> {
  const { backend, administration, process } = context
  const { assembleCutOver } = await import('#services/assembly/cut-over.ts')
  const plain = assembleCutOver(backend, administration, () => {
    throw new Error('the zone is changed by hand')
  })
  const id = zoneId ?? (await plain.zoneIdOf(domain))
  if (id === null) return plain
  const { openHostedZone, ZoneRefused } = await loadAws(
    () => import('#services/aws/workmail/route53-zone.ts'),
  )
  const zone = openHostedZone({ id, clock: systemClock, ...awsOptions(process, 'ROUTE_53') })
  const telling = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      if (error instanceof ZoneRefused) throw new CommandFailure(error.message, 'unavailable')
      throw error
    }
  }
  return assembleCutOver(backend, administration, () => ({
    read: (name, type) => telling(zone.read(name, type)),
    apply: (batch) => telling(zone.apply(batch)),
  }))
}

/** Its keys and marks, which the API alone knows. */
function oldRecords(domain: string, organization: Organization | undefined) {
  const mark = { name: `_amazonses.${domain}`, type: 'TXT' as const }
  const found = organization?.domains.find(
    ({ name }) => name.toLowerCase() === domain.toLowerCase(),
  )
  const keys = (found?.records ?? []).filter(
    ({ type, name }) => type === 'CNAME' && name.includes('._domainkey.'),
  )
  return [mark, ...keys.map(({ name }) => ({ name: name.toLowerCase(), type: 'CNAME' as const }))]
}

/** RFC 2181 §8 has no sense of more; a week is what caches keep at most. */
const TTL_MAX = 604_800

function ttlOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (/^\d+$/.test(text) && value <= TTL_MAX) return value
  throw new CommandFailure(`--ttl is a number of seconds, up to ${TTL_MAX}`, 'usage')
}
