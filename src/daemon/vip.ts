import { isIPv6, SocketAddress } from "node:net";
import { networkInterfaces } from "node:os";

/** Whether an interface of this host has the address now. */
export function holdsAddress(address: string): boolean {
  const wanted = normal(address);
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some((held) => normal(held.address) === wanted));
}

/** One spelling of each address. */
function normal(address: string): string {
  return new SocketAddress({ address, family: isIPv6(address) ? "ipv6" : "ipv4" }).address;
}
