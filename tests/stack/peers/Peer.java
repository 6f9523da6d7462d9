// SPDX-License-Identifier: GPL-2.0-or-later

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/**
 * One TLS connection of JSSE, as client or server: Peer client|server HOST PORT KEY=VALUE...
 * Prints "ok VERSION" or "error TEXT", which is the truth that a recording is held against.
 */
final class Peer {
    private static final String REQUEST = "GET / HTTP/1.0\r\nHost: peer\r\n\r\n";
    private static final String RESPONSE = "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    private static final List<String> VERSIONS = List.of("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3");
    private static final char[] PASSWORD = new char[0];

    private final Map<String, String> given = new HashMap<>();

    private Peer(String[] words) {
        for (int i = 3; i < words.length; i++) {
            String[] pair = words[i].split("=", 2);
            given.put(pair[0], pair[1]);
        }
    }

    public static void main(String[] words) {
        try {
            new Peer(words).run(words[0].equals("client"), words[1], Integer.parseInt(words[2]));
        } catch (IOException | GeneralSecurityException error) {
            System.out.println("error " + causes(error));
            System.exit(1);
        }
    }

    private static String causes(Throwable error) {
        StringBuilder text = new StringBuilder();
        for (Throwable one = error; one != null; one = one.getCause()) {
            text.append(one).append("; ");
        }
        return text.toString();
    }

    private void run(boolean client, String host, int port)
            throws IOException, GeneralSecurityException {
        SSLContext context = context();
        try (Socket plain = client ? new Socket(host, port) : accept(host, port);
             SSLSocket talk = (SSLSocket) context.getSocketFactory().createSocket(
                     plain, given.getOrDefault("name", host), port, true)) {
            talk.setUseClientMode(client);
            talk.setSSLParameters(parameters(talk.getSSLParameters(), client));
            talk.startHandshake();
            converse(talk, client);
            System.out.println("ok " + talk.getSession().getProtocol());
        }
    }

    private static Socket accept(String host, int port) throws IOException {
        try (ServerSocket listener = new ServerSocket()) {
            listener.bind(new InetSocketAddress(host, port));
            return listener.accept();
        }
    }

    private static void converse(SSLSocket talk, boolean client) throws IOException {
        InputStream input = talk.getInputStream();
        byte[] out = (client ? REQUEST : RESPONSE).getBytes(StandardCharsets.US_ASCII);
        if (!client) {
            input.read(new byte[4096]);
        }
        talk.getOutputStream().write(out);
        if (client) {
            input.readAllBytes();
        }
    }

    private SSLParameters parameters(SSLParameters parameters, boolean client) {
        int from = VERSIONS.indexOf("TLSv" + given.getOrDefault("min", "1.2"));
        int to = VERSIONS.indexOf("TLSv" + given.getOrDefault("max", "1.3"));
        parameters.setProtocols(VERSIONS.subList(from, to + 1).toArray(new String[0]));
        parameters.setNeedClientAuth("yes".equals(given.get("ask")));
        if (client && given.containsKey("name")) {
            parameters.setServerNames(List.of(new SNIHostName(given.get("name"))));
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
        }
        if (given.containsKey("alpn")) {
            parameters.setApplicationProtocols(new String[] {given.get("alpn")});
        }
        return parameters;
    }

    private SSLContext context() throws IOException, GeneralSecurityException {
        KeyManagerFactory own = KeyManagerFactory.getInstance("PKIX");
        own.init(ownKey(), PASSWORD);
        TrustManagerFactory trusted = TrustManagerFactory.getInstance("PKIX");
        trusted.init(given.containsKey("ca") ? store(certificates("ca")) : null);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(own.getKeyManagers(), trusted.getTrustManagers(), null);
        return context;
    }

    private Certificate[] certificates(String option) throws IOException, GeneralSecurityException {
        try (InputStream file = Files.newInputStream(Path.of(given.get(option)))) {
            return CertificateFactory.getInstance("X.509").generateCertificates(file)
                .toArray(new Certificate[0]);
        }
    }

    private static KeyStore store(Certificate... certificates)
            throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        for (int i = 0; i < certificates.length; i++) {
            store.setCertificateEntry("trusted" + i, certificates[i]);
        }
        return store;
    }

    private KeyStore ownKey() throws IOException, GeneralSecurityException {
        KeyStore store = store();
        if (given.containsKey("cert")) {
            String text = Files.readString(Path.of(given.get("key")));
            byte[] key = Base64.getMimeDecoder().decode(text.replaceAll("-----[A-Z ]+-----", ""));
            store.setKeyEntry("own", KeyFactory.getInstance("EC")
                .generatePrivate(new PKCS8EncodedKeySpec(key)), PASSWORD, certificates("cert"));
        }
        return store;
    }
}
