// Administration: every use case of whoever runs the system, in one place for the command line, an HTTP API and importers. Nothing
// is decided in a command or a route: these read arguments, ask people, call, and print what comes back.
//
// Values come in as people write them and are parsed by `fields.ts`. What comes back is a union: what was done with its facts and
// warnings (`warnings.ts`), or a refusal that names field, value and rule (`refusals.ts`). No text for people is made here. Failures
// of the world are thrown (TemporaryFailure), as everywhere. A change may be repeated after one.
//
// Every change is told once it is made (`changes.ts`, `deps.record`); the queue's operator and imports write their own lines.

import { type AccessAdministration, createAccessAdministration } from './access.ts'
import { type AccountAdministration, createAccountAdministration } from './accounts.ts'
import { type AliasAdministration, createAliasAdministration } from './aliases.ts'
import { type AppPasswordAdministration, createAppPasswordAdministration } from './app-passwords.ts'
import type { AuditLog } from './audit/reading.ts'
import type { AuditSeals } from './audit/seals.ts'
import {
  type ClientSetupAdministration,
  createClientSetupAdministration,
} from './client-setup/client-setup.ts'
import { type ContainmentAdministration, createContainmentAdministration } from './containment.ts'
import type { AdministrationDeps } from './deps.ts'
import { createDnsAdministration, type DnsAdministration } from './dns/domain-records.ts'
import { createDomainAdministration, type DomainAdministration } from './domains.ts'
import { createFactorAdministration, type FactorAdministration } from './factors.ts'
import { createFields, type Fields } from './fields.ts'
import { createFrontAdministration, type FrontAdministration } from './front.ts'
import { createGrantAdministration, type GrantAdministration } from './grants.ts'
import { createGreylistAdministration, type GreylistAdministration } from './greylist.ts'
import { createHeldLoginAdministration, type HeldLoginAdministration } from './held-logins.ts'
import { createImportAdministration, type ImportAdministration } from './imports/imports.ts'
import { createInvitationAdministration, type InvitationAdministration } from './invitations.ts'
import { createLoginAdministration, type LoginAdministration } from './logins.ts'
import type { OtherAdministration } from './moving/directory-files.ts'
import type { MailExportAdministration } from './moving/exports.ts'
import type { MailImportAdministration } from './moving/mailboxes.ts'
import { createPolicyAdministration, type PolicyAdministration } from './policy.ts'
import {
  createQuarantineAdministration,
  type QuarantineAdministration,
} from './quarantine/quarantine.ts'
import { createQueueAdministration, type QueueAdministration } from './queue.ts'
import { createRecoveryAdministration, type RecoveryAdministration } from './recovery.ts'
import { createRoleAdministration, type RoleAdministration } from './roles.ts'
import type { FilterAdministration } from './scripts/filters.ts'
import type { ScriptAdministration } from './scripts/scripts.ts'
import type { ScriptTrials } from './scripts/trial.ts'
import { createSendingAdministration, type SendingAdministration } from './sending.ts'
import { createSettingsAdministration, type SettingsAdministration } from './settings.ts'
import { createSigningAdministration, type SigningAdministration } from './signing.ts'
import { createSrsAdministration, type SrsAdministration } from './srs.ts'
import { createStatusAdministration, type StatusAdministration } from './status.ts'
import { createTakeoutAdministration, type TakeoutAdministration } from './takeouts/takeouts.ts'
import { createTokenAdministration, type TokenAdministration } from './tokens.ts'
import { createTraceAdministration, type TraceAdministration } from './trace/trace.ts'

export interface Administration {
  readonly domains: DomainAdministration
  readonly accounts: AccountAdministration
  readonly roles: RoleAdministration
  readonly tokens: TokenAdministration
  readonly invitations: InvitationAdministration
  readonly recovery: RecoveryAdministration
  readonly containment: ContainmentAdministration
  /** The record of what was done. */
  readonly audit: AuditLog
  readonly auditSeals: AuditSeals
  readonly appPasswords: AppPasswordAdministration
  readonly clientSetup: ClientSetupAdministration
  readonly logins: LoginAdministration
  /** Those that too many failures keep waiting. */
  readonly heldLogins: HeldLoginAdministration
  readonly factors: FactorAdministration
  readonly aliases: AliasAdministration
  /** Accounts that are still on an old server. */
  readonly front: FrontAdministration
  readonly grants: GrantAdministration
  readonly access: AccessAdministration
  readonly srs: SrsAdministration
  readonly signing: SigningAdministration
  readonly dns: DnsAdministration
  readonly queue: QueueAdministration
  readonly imports: ImportAdministration
  /** Mail of other systems. */
  readonly mailImports: MailImportAdministration
  /** Mail of accounts here, for other systems. */
  readonly mailExports: MailExportAdministration
  /** The same as files that are kept for some days, for whoever may fetch them. */
  readonly takeouts: TakeoutAdministration
  readonly status: StatusAdministration
  /** What an account has sent of what it may, and what is held against it. */
  readonly sending: SendingAdministration
  readonly greylist: GreylistAdministration
  readonly trace: TraceAdministration
  readonly settings: SettingsAdministration
  readonly policy: PolicyAdministration
  readonly quarantine: QuarantineAdministration
  /** Sieve: of accounts, and of all. */
  readonly scripts: ScriptAdministration
  readonly scriptTrials: ScriptTrials
  /** What the console writes for who knows no Sieve. */
  readonly filters: FilterAdministration
}

export function createAdministration(deps: AdministrationDeps): Administration {
  const fields = createFields(deps.settings)
  const accounts = createAccountAdministration(deps, fields)
  const access = createAccessAdministration(deps)
  const appPasswords = createAppPasswordAdministration(deps, fields)
  const scripts = lazyScripts(deps, fields)
  const settings = createSettingsAdministration(deps)
  return {
    domains: createDomainAdministration(deps, fields),
    accounts,
    roles: createRoleAdministration(deps, fields),
    tokens: createTokenAdministration(deps),
    invitations: createInvitationAdministration(deps, fields),
    recovery: createRecoveryAdministration(deps, fields),
    containment: createContainmentAdministration(deps, fields, accounts, deps.audit),
    audit: deps.audit,
    auditSeals: deps.auditSeals,
    appPasswords,
    clientSetup: createClientSetupAdministration(deps, fields, appPasswords),
    factors: createFactorAdministration(deps, fields),
    logins: createLoginAdministration(deps, fields),
    heldLogins: createHeldLoginAdministration(deps, fields),
    aliases: createAliasAdministration(deps, fields),
    front: createFrontAdministration(deps, fields),
    grants: createGrantAdministration(deps, fields),
    access,
    srs: createSrsAdministration(deps, fields),
    signing: createSigningAdministration(deps),
    dns: createDnsAdministration(deps),
    queue: createQueueAdministration(deps),
    imports: createImportAdministration(deps, fields),
    mailImports: lazyMailImports(deps, fields, scripts),
    mailExports: lazyMailExports(deps, fields, scripts, { access, settings }),
    takeouts: createTakeoutAdministration(deps, fields),
    status: createStatusAdministration(deps),
    sending: createSendingAdministration(deps, fields),
    greylist: createGreylistAdministration(deps),
    trace: createTraceAdministration(deps),
    settings,
    policy: createPolicyAdministration(deps),
    quarantine: createQuarantineAdministration(deps, access),
    scripts,
    scriptTrials: lazyTrials(deps, fields),
    filters: lazyFilters(deps, fields, scripts),
  }
}

/** Loaded when they are first asked: other commands start without them. */
function lazyScripts(deps: AdministrationDeps, fields: Fields): ScriptAdministration {
  const load = async () =>
    (await import('./scripts/scripts.ts')).createScriptAdministration(deps, fields)
  return {
    list: async (owner) => (await load()).list(owner),
    show: async (request) => (await load()).show(request),
    check: async (text) => (await load()).check(text),
    put: async (request) => (await load()).put(request),
    activate: async (request) => (await load()).activate(request),
    rename: async (request) => (await load()).rename(request),
    remove: async (request) => (await load()).remove(request),
  }
}

/** The same. */
function lazyTrials(deps: AdministrationDeps, fields: Fields): ScriptTrials {
  const load = async () => (await import('./scripts/trial.ts')).createScriptTrials(deps, fields)
  return {
    run: async (request) => (await load()).run(request),
    messages: async (request) => (await load()).messages(request),
  }
}

/** The same. */
function lazyMailImports(
  deps: AdministrationDeps,
  fields: Fields,
  scripts: ScriptAdministration,
): MailImportAdministration {
  const load = async () =>
    (await import('./moving/mailboxes.ts')).createMailImportAdministration(deps, fields, scripts)
  return {
    bring: async (request) => (await load()).bring(request),
    verify: async (request) => (await load()).verify(request),
  }
}

/** The same. */
function lazyMailExports(
  deps: AdministrationDeps,
  fields: Fields,
  scripts: ScriptAdministration,
  others: OtherAdministration,
): MailExportAdministration {
  const load = async () =>
    (await import('./moving/exports.ts')).createMailExportAdministration(
      deps,
      fields,
      scripts,
      others,
    )
  return {
    own: async (account) => (await load()).own(account),
    write: async (request) => (await load()).write(request),
    verify: async (request) => (await load()).verify(request),
    async *directory(request) {
      yield* (await load()).directory(request)
    },
  }
}

function lazyFilters(
  deps: AdministrationDeps,
  fields: Fields,
  scripts: ScriptAdministration,
): FilterAdministration {
  const load = async () =>
    (await import('./scripts/filters.ts')).createFilterAdministration(deps, fields, scripts)
  return {
    show: async (address) => (await load()).show(address),
    setRules: async (request) => (await load()).setRules(request),
    setAway: async (request) => (await load()).setAway(request),
  }
}
