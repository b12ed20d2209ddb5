import { registerRootComponent } from "expo";
import { Text } from "react-native";
import { revoke } from "./mixed.js";

globalThis.revoke = revoke;
registerRootComponent(() => <Text>c1-revoke</Text>);
