// An organization as an administrator of WorkMail may have it, with what makes moving it hard: nested groups, a circle, members without a
// mailbox, addresses of the test domain, people in every state.

export type StubOrganization = {
  readonly id: string
  readonly describe: object
  readonly users: readonly StubEntity[]
  readonly groups: readonly StubEntity[]
  readonly resources: readonly StubEntity[]
  readonly domains: readonly { readonly DomainName: string; readonly DefaultDomain: boolean }[]
  readonly domainDetails: { readonly [name: string]: object }
  readonly aliases: { readonly [id: string]: readonly string[] }
  readonly members: { readonly [id: string]: readonly object[] }
  readonly permissions: { readonly [id: string]: readonly object[] }
  readonly delegates: { readonly [id: string]: readonly object[] }
  readonly resourceDetails: { readonly [id: string]: object }
  readonly mailboxes: { readonly [id: string]: object }
  readonly retention: object
  readonly rules: readonly object[]
}
export type StubEntity = {
  readonly Id: string
  readonly Name: string
  readonly State: string
  readonly Email?: string
  readonly [member: string]: unknown
}

export const ORGANIZATION_ID = 'm-0123456789abcdef0123456789abcdef'

const user = (Id: string, more: object = {}): StubEntity => ({
  ...{ Id, Name: Id, DisplayName: `The ${Id}`, State: 'ENABLED', UserRole: 'USER' },
  ...{ Email: `${Id}@moving.test` },
  ...more,
})
const group = (Id: string, more: object = {}): StubEntity => ({
  ...{ Id, Name: Id, State: 'ENABLED', Email: `${Id}@moving.test` },
  ...more,
})
const member = (Id: string, Type: 'USER' | 'GROUP', State = 'ENABLED') => ({
  Id,
  Type,
  State,
  Name: Id,
})
/** Some clients take what is undefined for there. */
const without = (entity: StubEntity, name: string): StubEntity => {
  const { [name]: _, ...rest } = entity
  return { ...rest, Id: entity.Id, Name: entity.Name, State: entity.State }
}

export const organization: StubOrganization = {
  id: ORGANIZATION_ID,
  describe: {
    OrganizationId: ORGANIZATION_ID,
    Alias: 'moving',
    State: 'Active',
    DefaultMailDomain: 'moving.test',
    DirectoryType: 'VpcDirectory',
    InteroperabilityEnabled: false,
  },
  users: [
    user('ann', { Email: 'Ann@moving.test', DisplayName: 'Ann Ahrens' }),
    user('ben'),
    user('cat', { Email: 'cat@moving.awsapps.com' }),
    user('dan', { Email: 'dan@moving.awsapps.com' }),
    user('eve', { State: 'DISABLED' }),
    user('finn', { State: 'DELETED' }),
    without(user('gus', { State: 'DISABLED' }), 'Email'),
    user('hal', { UserRole: 'REMOTE_USER' }),
    user('S-1-1-12-3456', { UserRole: 'SYSTEM_USER', Name: 'WorkMailSystem' }),
    user('desk', { UserRole: 'RESOURCE' }),
  ],
  groups: [
    group('sales'),
    group('everyone'),
    without(group('inner'), 'Email'),
    group('circle-a'),
    group('circle-b'),
    group('empty'),
    group('off', { State: 'DISABLED' }),
  ],
  resources: [
    { ...group('r-room'), Email: 'room@moving.test', Type: 'ROOM' },
    { ...group('r-van'), Email: 'van@moving.test', Type: 'EQUIPMENT' },
    { ...group('r-old'), Email: 'old@moving.test', Type: 'ROOM', State: 'DELETED' },
  ],
  domains: [
    { DomainName: 'moving.awsapps.com', DefaultDomain: false },
    { DomainName: 'moving.test', DefaultDomain: true },
    { DomainName: 'second.test', DefaultDomain: false },
  ],
  domainDetails: {
    'moving.awsapps.com': { IsTestDomain: true, IsDefault: false, Records: [] },
    'moving.test': {
      ...{ IsTestDomain: false, IsDefault: true, OwnershipVerificationStatus: 'VERIFIED' },
      Records: [
        { Type: 'MX', Hostname: 'moving.test.', Value: '10 inbound-smtp.eu-west-1.amazonaws.com' },
        { Type: 'TXT', Hostname: '_amazonses.moving.test.', Value: '"abc"' },
        { Type: 'CNAME', Hostname: 't1._domainkey.moving.test.', Value: 't1.dkim.amazonses.com' },
      ],
    },
    'second.test': { IsTestDomain: false, IsDefault: false, Records: [] },
  },
  aliases: {
    // With the primary one, which it may list or not.
    ann: ['Ann@moving.test', 'a.ahrens@moving.test', 'ann@second.test', 'ann@moving.awsapps.com'],
    cat: ['cat@second.test'],
    sales: ['vertrieb@moving.test'],
    'r-room': ['meeting@moving.test'],
  },
  members: {
    sales: [member('ann', 'USER'), member('ben', 'USER'), member('eve', 'USER', 'DISABLED')],
    everyone: [
      member('sales', 'GROUP'),
      member('inner', 'GROUP'),
      member('cat', 'USER'),
      member('finn', 'USER', 'DELETED'),
      member('nobody-knows', 'USER'),
    ],
    inner: [member('ben', 'USER'), member('dan', 'USER'), member('inner', 'GROUP')],
    'circle-a': [member('circle-b', 'GROUP'), member('ann', 'USER')],
    'circle-b': [member('circle-a', 'GROUP'), member('ben', 'USER')],
  },
  permissions: {
    desk: [
      { GranteeId: 'sales', GranteeType: 'GROUP', PermissionValues: ['FULL_ACCESS', 'SEND_AS'] },
    ],
    ann: [{ GranteeId: 'ben', GranteeType: 'USER', PermissionValues: ['SEND_ON_BEHALF'] }],
    sales: [{ GranteeId: 'cat', GranteeType: 'USER', PermissionValues: ['SEND_AS'] }],
  },
  delegates: { 'r-room': [{ Id: 'ann', Type: 'USER' }] },
  resourceDetails: {
    'r-room': { BookingOptions: { AutoAcceptRequests: false } },
    'r-van': { BookingOptions: { AutoAcceptRequests: true } },
  },
  mailboxes: {
    ann: { MailboxQuota: 51_200, MailboxSize: 1_234.5 },
    ben: { MailboxQuota: 100, MailboxSize: 220 },
    cat: { MailboxQuota: 51_200, MailboxSize: 0 },
  },
  retention: {
    Id: 'p',
    Name: 'Default',
    FolderConfigurations: [
      { Name: 'INBOX', Action: 'NONE' },
      { Name: 'DELETED_ITEMS', Action: 'PERMANENTLY_DELETE', Period: 30 },
    ],
  },
  rules: [
    { Name: 'Default', Effect: 'ALLOW', Description: 'Default WorkMail Rule' },
    { Name: 'office', Effect: 'DENY', NotIpRanges: ['192.0.2.0/24'], Actions: ['IMAP'] },
  ],
}
