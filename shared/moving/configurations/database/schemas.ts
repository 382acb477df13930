// How mail systems keep their addresses in a database: which table has what in which column.

export type Schema = {
  readonly system: string
  /** None: domains are those of the addresses. */
  readonly domains?: Columns<'domain'> & {
    /** Yes where mail is only passed on. */
    readonly backup?: string
  }
  readonly accounts: Columns<'address' | 'password'> & {
    /** 0: no limit. */
    readonly quota?: string
    readonly quotaUnit?: number
  }
  /** A row for each address and all that it leads to, or for each target. */
  readonly aliases: Columns<'address' | 'targets'>
  readonly aliasDomains?: Columns<'domain' | 'target'>
  /** Of people who are away. */
  readonly vacation?: Columns<'address'>
}

type Columns<K extends string> = {
  readonly table: string
  readonly active?: string
} & { readonly [column in K]: string }

const MEGABYTE = 1024 ** 2

/** The first counts whose tables are there. */
export const schemas: readonly Schema[] = [
  {
    system: 'iRedMail',
    domains: { table: 'domain', domain: 'domain', active: 'active', backup: 'backupmx' },
    accounts: {
      ...{ table: 'mailbox', address: 'username', password: 'password', active: 'active' },
      ...{ quota: 'quota', quotaUnit: MEGABYTE },
    },
    aliases: { table: 'forwardings', address: 'address', targets: 'forwarding', active: 'active' },
    aliasDomains: {
      ...{ table: 'alias_domain', domain: 'alias_domain', target: 'target_domain' },
      active: 'active',
    },
  },
  {
    system: 'PostfixAdmin',
    domains: { table: 'domain', domain: 'domain', active: 'active', backup: 'backupmx' },
    accounts: {
      ...{ table: 'mailbox', address: 'username', password: 'password', active: 'active' },
      quota: 'quota',
    },
    aliases: { table: 'alias', address: 'address', targets: 'goto', active: 'active' },
    aliasDomains: {
      ...{ table: 'alias_domain', domain: 'alias_domain', target: 'target_domain' },
      active: 'active',
    },
    vacation: { table: 'vacation', address: 'email', active: 'active' },
  },
  {
    // And the guides that follow it, as Linode's.
    system: 'ISPmail of workaround.org',
    domains: { table: 'virtual_domains', domain: 'name' },
    accounts: { table: 'virtual_users', address: 'email', password: 'password', quota: 'quota' },
    aliases: { table: 'virtual_aliases', address: 'source', targets: 'destination' },
  },
  {
    system: 'Mail-in-a-Box',
    accounts: { table: 'users', address: 'email', password: 'password' },
    aliases: { table: 'aliases', address: 'source', targets: 'destination' },
  },
  {
    system: "Flurdy's guide",
    domains: { table: 'domains', domain: 'domain' },
    accounts: { table: 'users', address: 'id', password: 'crypt', active: 'enabled' },
    aliases: { table: 'aliases', address: 'mail', targets: 'destination', active: 'enabled' },
  },
]
