import type { Command } from 'commander'
import type { Define } from './define.ts'
import { columns, formatTime } from './output.ts'
import { refused } from './refusal-text.ts'

type SetupOptions = { name: string; for: readonly string[]; expires?: string }

const security = { tls: 'TLS', starttls: 'STARTTLS' } as const

/** `postwolke account setup`: what is typed into a mail program, or scanned by a phone. */
export function clientSetupCommand(account: Command, define: Define): void {
  define(account.command('setup <address>'), {
    about:
      'make an app password for one phone or program, and show what to type into it, or to scan; shown this once',
    options: (command) => {
      command.option('--name <text>', 'which phone or program it is for', 'set up by command')
      command.option('--for <protocols...>', 'imap, pop3, smtp or all', ['imap', 'smtp'])
      command.option('--expires <time>', 'a time, or for how long, such as 90d (default: never)')
    },
    async run({ administration, output }, [address], options: SetupOptions) {
      const { name, for: scopes, expires } = options
      const made = await administration.clientSetup.make({ address, name, scopes, expires })
      if (made.kind !== 'client-setup') throw refused(made)
      const { password, services, url, thunderbirdCode } = made
      const until = formatTime(made.expiresMs)
      // Loaded where one is drawn.
      const { renderUnicodeCompact } = await import('uqr')
      const facts = { login: made.address, password, services, appPassword: made.appPassword.id }
      const links = { profile: url, profileUntil: until, thunderbirdCode: thunderbirdCode ?? null }
      output.print({ ...facts, ...links }, (width) => [
        `login:    ${made.address}`,
        `password: ${password}`,
        '',
        ...columns(
          ['FOR', 'HOST', 'PORT', 'SECURITY'],
          services.map((one) => [
            one.protocol.toUpperCase(),
            one.host,
            String(one.port),
            security[one.security],
          ]),
          width,
        ),
        '',
        `for an iPhone, iPad or Mac, once, before ${until}:`,
        `  ${url}`,
        ...renderUnicodeCompact(url).split('\n'),
        ...(thunderbirdCode === undefined
          ? []
          : [
              '',
              'for Thunderbird on Android ("Import from desktop"); who sees it reads the password:',
              ...renderUnicodeCompact(thunderbirdCode).split('\n'),
            ]),
      ])
    },
  })
}
