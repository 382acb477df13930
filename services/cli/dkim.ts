import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import type { Keys, SigningKeyFacts } from '#shared/administration/signing.ts'
import { confirm, yesOption } from './confirm.ts'
import type { Context } from './context.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { columns, formatTime } from './output.ts'
import { refused } from './refusal-text.ts'

/** `postwolke dkim …`: the keys that sign a domain's mail, and their records. */
export function dkimCommands(parent: Command, define: Define): void {
  const dkim = parent.command('dkim').description("keys that sign a domain's mail (DKIM)")

  define(dkim.command('list <domain>'), {
    about: 'list the keys of a domain, and what is to be published of them',
    async run(context, [domain]) {
      const found = await context.administration.signing.list(domain)
      if (found.kind !== 'keys') throw refused(found)
      print(context, found)
    },
  })

  define(dkim.command('check <domain>'), {
    about: 'look for the records in the DNS now; a key whose record is seen signs from then on',
    async run(context, [domain]) {
      const found = await context.administration.signing.check(domain)
      if (found.kind !== 'keys') throw refused(found)
      print(context, found)
    },
  })

  define(dkim.command('rotate <domain>'), {
    about: 'make new keys; each signs once its record is seen, and the one before retires',
    options: (command) =>
      command.option('--algorithm <name>', 'rsa or ed25519 alone, instead of both'),
    async run(context, [domain], { algorithm }: { algorithm?: string }) {
      const found = await context.administration.signing.rotate({ domain, algorithm })
      if (found.kind !== 'keys') throw refused(found)
      print(context, found)
    },
  })

  define(dkim.command('revoke <domain> <selector>'), {
    about: 'forget a private key at once, as after a leak; its record is to be published empty',
    options: (command) => command.option(...yesOption),
    async run(context, [domain, selector = ''], options) {
      await confirm(context.process, `the key ${selector} of ${domain}`, options)
      const found = await context.administration.signing.revoke({ domain, selector })
      if (found.kind !== 'keys') throw refused(found)
      print(context, found)
    },
  })

  define(dkim.command('force <domain> <selector>'), {
    about: 'sign with a key, whatever is seen of its record',
    async run(context, [domain, selector = '']) {
      const found = await context.administration.signing.force({ domain, selector })
      if (found.kind !== 'keys') throw refused(found)
      print(context, found)
    },
  })

  define(dkim.command('import <domain> <selector> <file>'), {
    about:
      'bring a key along that signed elsewhere (PEM, as opendkim-genkey writes it; - for standard input)',
    async run(context, [domain, selector = '', file = '']) {
      const pem = await readPem(context, file)
      const found = await context.administration.signing.import({ domain, selector, pem })
      if (found.kind !== 'keys') throw refused(found)
      print(context, found)
    },
  })
}

/** No key of mail is longer. */
const PEM_BYTES_MAX = 64 * 1024

async function readPem({ process }: Context, file: string): Promise<string> {
  const bytes =
    file === '-'
      ? await process.readStdin('The private key, PEM, and Ctrl-D:')
      : await readFile(file).catch((error: Error) => {
          throw new CommandFailure(`cannot read the key: ${error.message}`, 'noInput')
        })
  if (bytes.length > PEM_BYTES_MAX)
    throw new CommandFailure(`${file} is too long for a key`, 'data')
  return Buffer.from(bytes).toString('latin1')
}

function print({ output }: Context, { domain, keys }: Keys): void {
  output.print({ domain, keys: keys.map(shown) }, (width) => [
    ...columns(
      ['SELECTOR', 'KEY', 'STATE', 'SINCE', 'RECORD SEEN'],
      keys.map((key) => [
        key.selector,
        key.algorithm,
        key.forced ? `${key.state} (forced)` : key.state,
        formatTime(key.sinceMs),
        key.seenMs === null ? 'never' : formatTime(key.seenMs),
      ]),
      width,
    ),
    ...keys.filter(({ state }) => state === 'waiting').flatMap(toPublish),
    ...keys.filter(({ state }) => state === 'revoked').flatMap(toPublish),
  ])
}

const toPublish = ({ name, record }: SigningKeyFacts) => [
  '',
  `to publish: TXT ${name}`,
  `  ${record}`,
]

const shown = ({ sinceMs, createdMs, seenMs, ...key }: SigningKeyFacts) => ({
  ...key,
  since: formatTime(sinceMs),
  created: formatTime(createdMs),
  seen: seenMs === null ? null : formatTime(seenMs),
})
