// What `aws workmail … --output json` prints of an organization, as files of a folder: lists whole, as that program joins pages.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { StubOrganization } from './workmail-organization.ts'

export async function saveAnswers(
  organization: StubOrganization,
  directory: string,
): Promise<void> {
  const { users, groups, resources, domains } = organization
  const save = (name: string, answer: object) =>
    writeFile(join(directory, `${name}.json`), `${JSON.stringify(answer, null, 4)}\n`)
  await save('describe-organization', organization.describe)
  await save('list-users', { Users: users })
  await save('list-groups', { Groups: groups })
  await save('list-resources', { Resources: resources })
  await save('list-mail-domains', { MailDomains: domains })
  await save('list-access-control-rules', { Rules: organization.rules })
  await save('get-default-retention-policy', organization.retention)
  for (const { DomainName } of domains) {
    await save(`get-mail-domain.${DomainName}`, organization.domainDetails[DomainName] ?? {})
  }
  for (const { Id } of [...users, ...groups, ...resources]) {
    await save(`list-aliases.${Id}`, { Aliases: organization.aliases[Id] ?? [] })
    await save(`list-mailbox-permissions.${Id}`, {
      Permissions: organization.permissions[Id] ?? [],
    })
  }
  for (const { Id } of users) {
    const unsaid = { MailboxQuota: 51_200, MailboxSize: 0 }
    await save(`get-mailbox-details.${Id}`, organization.mailboxes[Id] ?? unsaid)
  }
  for (const { Id } of groups) {
    await save(`list-group-members.${Id}`, { Members: organization.members[Id] ?? [] })
  }
  for (const { Id } of resources) {
    await save(`describe-resource.${Id}`, organization.resourceDetails[Id] ?? {})
    await save(`list-resource-delegates.${Id}`, { Delegates: organization.delegates[Id] ?? [] })
  }
}
