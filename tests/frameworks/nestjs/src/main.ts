import "reflect-metadata";
import { Bind, Body, Controller, HttpCode, Module, Post } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import type { NestExpressApplication } from "@nestjs/platform-express";
import { revoke } from "../revoke.js";

@Controller("api")
class RevokeController {
  @Post("revoke")
  @HttpCode(200)
  @Bind(Body())
  revoke(serverURL: string) {
    return revoke(serverURL);
  }
}

@Module({ controllers: [RevokeController] })
class AppModule {}

const app = await NestFactory.create<NestExpressApplication>(AppModule, { bodyParser: false });
app.useBodyParser("text", { type: "*/*" });
await app.listen(0, "127.0.0.1");
console.log(await app.getUrl());
