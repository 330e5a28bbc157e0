import { type BrokerAddress, showAddress } from "../../broker/amqp/address.ts";
import type { LinkTrouble } from "../../broker/amqp/link-state.ts";
import type { Right } from "../../broker/amqp/permission.ts";
import type { BrokerSettings } from "../../flow/settings.ts";
import type { Written } from "./written.ts";
import { shellText, shellWord } from "./shell-word.ts";

/** What to try when a broker is out of reach. `key`: where the configuration names it, as `source.subscribe`. */
export function brokerAdvice(
  trouble: LinkTrouble,
  at: { address: BrokerAddress; broker: BrokerSettings; key: string; written: Written },
): string {
  const { address, broker, key, written } = at;
  const file = shellWord(broker.credentialsFile);
  const line = showAddress({ ...address, user: address.user ?? "USER" }).replace("@", ":PASSWORD@");
  const user = address.user ?? "USER";
  switch (trouble.trouble) {
    case "no-credentials":
      if (/can be read by others/.test(trouble.detail)) return `chmod 600 ${file}`;
      return `write the line '${line}' into ${file}, and let nobody else read it: chmod 600 ${file}`;
    case "login-refused":
      return `correct the password in ${file}; where it is right, its keeper sets it at the broker: rabbitmqctl change_password ${shellText(user)}`;
    case "vhost-refused":
      return `is the vhost ${shellText(address.vhost)} the right one? On the broker's host 'rabbitmqctl list_vhosts' names all, and 'rabbitmqctl set_permissions -p ${shellText(address.vhost)} ${shellText(user)} ...' lets ${user} in`;
    case "certificate-refused":
      return broker.caFile === null
        ? `where the broker has an authority of its own, name its certificate: ${written(`${key}.ca`, "/path/to/ca.pem")}; the host in the address must be one that the broker's certificate names`
        : `is ${shellWord(broker.caFile)} the certificate of the authority of this broker? 'openssl s_client -connect ${address.host}:${address.port}' shows whose it is`;
    default:
      return `does the broker run, and is its address right? 'nc -vz ${shellText(address.host)} ${address.port}' must say that it is open`;
  }
}

const columns: Record<Right, string> = { configure: "CONFIGURE", write: "WRITE", read: "READ" };

/** How its keeper gives a user what is lacking. */
export function permissionAdvice(lacking: ReadonlyArray<{ right: Right; name: string }>, address: BrokerAddress, user: string): string {
  const rights = (["configure", "write", "read"] as const).flatMap((right) => {
    const names = lacking.filter((one) => one.right === right).map(({ name }) => name);
    return names.length === 0 ? [] : [`${columns[right]} matches ${names.join(" and ")}`];
  });
  return `on the broker's host, 'rabbitmqctl list_user_permissions ${shellText(user)}' shows what ${user} may do, and 'rabbitmqctl set_permissions -p ${shellText(address.vhost)} ${shellText(user)} CONFIGURE WRITE READ' sets it, three expressions: here ${rights.join(", ")}`;
}
